using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Ends;

public sealed class IdleHistogramTests
{
    [Fact]
    public void Add_OnABound_BelongsToItsBucket()
    {
        var histogram = new IdleHistogram();
        foreach (var idle in new uint[] { 200, 500, 501, 5000, 600_000, 600_001 })
        {
            histogram.Add(idle);
        }

        var summary = histogram.ToSummary(80);

        Assert.Equal([2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1], summary.Buckets);
        Assert.Equal((6, TimeSpan.FromMilliseconds(1_206_202)), (summary.Count, summary.Sum));
    }

    [Fact]
    public void ToSummary_Percentiles_AreExactToTheMillisecond()
    {
        var histogram = new IdleHistogram();
        for (var i = 1u; i <= 100; i++)
        {
            histogram.Add(i * 10);
        }

        var summary = histogram.ToSummary(80);

        Assert.Equal((TimeSpan.FromMilliseconds(500), TimeSpan.FromMilliseconds(900)), (summary.Median, summary.Percentile90));
    }

    [Fact]
    public void ToSummary_MoreThanAreKept_PercentilesAreOfTheLast()
    {
        var histogram = new IdleHistogram();
        for (var i = 0; i < IdleHistogram.RecentLength; i++)
        {
            histogram.Add(60_000);
        }

        for (var i = 0; i < IdleHistogram.RecentLength; i++)
        {
            histogram.Add(2_000);
        }

        var summary = histogram.ToSummary(80);

        Assert.Equal((TimeSpan.FromSeconds(2), 2L * IdleHistogram.RecentLength), (summary.Percentile90, summary.Count));
    }

    [Fact]
    public void Add_AllocatesNothing()
    {
        var histogram = new IdleHistogram();
        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (var i = 0u; i < 1000; i++)
            {
                histogram.Add(i);
            }
        }));
    }

    [Fact]
    public void ToSummary_ClosesOfOneInstant_AreOneEvent()
    {
        var histogram = new IdleHistogram();
        for (var i = 0; i < 20; i++)
        {
            histogram.Add((uint)(400 + (i * 100)), DateTimeOffset.UnixEpoch.AddMilliseconds(i));
        }

        histogram.Add(6000, DateTimeOffset.UnixEpoch.AddSeconds(7));

        var events = histogram.ToSummary(80).Events;

        Assert.Equal(2, events.Length);
        Assert.Equal(
            new IdleCloseEvent(DateTimeOffset.UnixEpoch, 20, TimeSpan.FromMilliseconds(400), TimeSpan.FromMilliseconds(1400), TimeSpan.FromMilliseconds(2300)),
            events[0]);
        Assert.Equal((1, TimeSpan.FromSeconds(6)), (events[1].Connections, events[1].Typical));
    }

    [Fact]
    public void ToSummary_SteadyCloses_AreManyEvents_TheLastAreKept()
    {
        var histogram = new IdleHistogram();
        for (var i = 0; i < IdleHistogram.RecentLength; i++)
        {
            histogram.Add(6000, DateTimeOffset.UnixEpoch.AddMilliseconds(i * 200));
        }

        var events = histogram.ToSummary(80).Events;

        Assert.Equal(32, events.Length);
        Assert.InRange(events[^1].At, DateTimeOffset.UnixEpoch.AddMilliseconds(254 * 200), DateTimeOffset.UnixEpoch.AddMilliseconds(255 * 200));
    }

    [Fact]
    public void PassOn_NoLongerKept_ChangesNothing()
    {
        var histogram = new IdleHistogram();
        var first = histogram.Add(6000, DateTimeOffset.UnixEpoch);
        for (var i = 0; i < IdleHistogram.RecentLength; i++)
        {
            histogram.Add(6000, DateTimeOffset.UnixEpoch.AddSeconds(i));
        }

        histogram.PassOn(first);

        Assert.Equal(0, histogram.ToSummary(80).PassedOn);
    }
}
