using Agent.Core.Model;
using Agent.Loop;
using Agent.Tests.Core.Diagnosis;
using Xunit;

namespace Agent.Tests.Agent.Loop;

/// <summary>What is kept of the past: far enough back for whatever counts in the last minutes, and never more than so many scans.</summary>
public sealed class SnapshotHistoryTests
{
    private const int MostSnapshots = 60;
    private const int NewestSnapshots = 20;

    [Theory]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(15)]
    public void Snapshots_GoBackForMinutes_AndAreFew(double interval)
    {
        var history = Scanned(TimeSpan.FromSeconds(interval), TimeSpan.FromMinutes(20), static _ => [Given.Pod()]);

        var now = history.Snapshots[^1].TakenAt;
        Assert.InRange(now - history.Snapshots[0].TakenAt, TimeSpan.FromMinutes(4.5), TimeSpan.FromMinutes(5));
        Assert.InRange(history.Snapshots.Length, NewestSnapshots, MostSnapshots);
        Assert.Equal(
            Enumerable.Range(0, NewestSnapshots).Select(back => now - (back * TimeSpan.FromSeconds(interval))),
            history.Snapshots.Reverse().Take(NewestSnapshots).Select(static snapshot => snapshot.TakenAt));
    }

    /// <summary>A pod that is gone: the last scan that saw it and the first that missed it tell whether it was killed.</summary>
    [Fact]
    public void Snapshots_OwnerThatIsGone_KeptLastSeenAndFirstMissed()
    {
        var interval = TimeSpan.FromSeconds(1);
        var until = Given.Noon + TimeSpan.FromSeconds(57);
        var history = Scanned(interval, TimeSpan.FromMinutes(4), at => at <= until ? [Given.Pod(), Given.Pod("old")] : [Given.Pod()]);

        Assert.Equal(until, history.Snapshots.Last(static snapshot => snapshot.Pods.Length == 2).TakenAt);
        Assert.Equal(until + interval, history.Snapshots.First(static snapshot => snapshot.Pods.Length == 1).TakenAt);
    }

    [Fact]
    public void Snapshots_OwnersComeAndGoAtEachScan_AreFewAllTheSame()
    {
        var number = 0;
        var history = Scanned(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10), _ => [Given.Pod($"pod-{number++}")]);

        Assert.Equal(MostSnapshots, history.Snapshots.Length);
    }

    private static SnapshotHistory Scanned(TimeSpan interval, TimeSpan time, Func<DateTimeOffset, PodSnapshot[]> pods)
    {
        var history = new SnapshotHistory();
        for (var at = Given.Noon; at <= Given.Noon + time; at += interval)
        {
            history.Add(Given.Node(pods(at)) with { TakenAt = at }, interval);
        }

        return history;
    }
}
