using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Core.Reporting;
using Agent.Core.Tracing;
using Xunit;

namespace Agent.Tests.Core.Tracing;

public sealed class TraceSummaryTests
{
    private readonly TraceSummary _summary = new();

    [Fact]
    public void ToText_SeveralKinds_MostLostFirst()
    {
        Add(TraceSamples.IdleClose, TraceSamples.IdleClose, TraceSamples.IdleClose, TraceSamples.Lost, TraceSamples.Client);

        Assert.Equal(
            """
            5 ends in 12s, 1 request lost, 1 more cannot be told (?)
            POD                        PORT  END                ENDS  LOST
            shop/web-7d4b9c6f5-x2x5p   8080  reset_unread          1     1
            shop/web-7d4b9c6f5-x2x5p   8080  closed_first_idle     3
            host                      >5432  reset_received        1

            """,
            Text());
    }

    [Fact]
    public void ToText_Nothing_SaysSo() => Assert.Equal("0 ends in 12s, 0 requests lost\n", Text());

    [Fact]
    public void Add_CorrectionOfAShownEnd_IsNoEndOfItsOwn()
    {
        Add(TraceSamples.IdleClose, TraceSamples.IdleClose with { Loss = LossCause.AfterClose, IsCorrection = true });

        Assert.Equal((1, 1), (_summary.Ends, _summary.Lost));
        Assert.Contains("closed_first_idle     1     1", Text(), StringComparison.Ordinal);
    }

    [Fact]
    public void Add_CorrectionThatNobodyCanTell_CountsAsSuch()
    {
        Add(TraceSamples.IdleClose, TraceSamples.IdleClose with { Loss = LossCause.Unknown, IsCorrection = true });

        Assert.Equal((1, 0, 1), (_summary.Ends, _summary.Lost, _summary.Maybe));
    }

    [Fact]
    public void Add_CorrectionOfWhatWasNotShown_IsAnEnd()
    {
        _summary.Add(TraceSamples.IdleClose with { Loss = LossCause.AfterClose, IsCorrection = true }, correctsShown: false);

        Assert.Equal((1, 1), (_summary.Ends, _summary.Lost));
    }

    [Fact]
    public void Add_MoreRowsThanAreToldApart_AreCountedInOne()
    {
        for (var i = 0; i < TraceSummary.MaxRows + 500; i++)
        {
            Add(TraceSamples.IdleClose with { Pod = TraceSamples.Web with { Name = $"pod-{i}" } });
        }

        Assert.Equal(TraceSummary.MaxRows + 500, _summary.Ends);
        Assert.Contains("985 more: 1,484 ends, 0 requests lost", Text(), StringComparison.Ordinal);
    }

    [Fact]
    public void ToText_MorePodsThanAScreenHolds_SaysWhatIsLeftOut_LostFirst()
    {
        for (var i = 0; i < 40; i++)
        {
            Add(TraceSamples.IdleClose with { Pod = TraceSamples.Web with { Name = $"pod-{i}" } });
        }

        Add(TraceSamples.Lost);
        var lines = Text().TrimEnd('\n').Split('\n');

        Assert.InRange(lines.Length, 3, 24);
        Assert.Contains("web-7d4b9c6f5-x2x5p", lines[2], StringComparison.Ordinal);
        Assert.Equal("25 more: 25 ends, 0 requests lost. --pod, --port and --lost narrow it.", lines[^1]);
    }

    [Fact]
    public void Add_Notices_AddUp()
    {
        _summary.Add(new TraceNotice(1, 2));
        _summary.Add(new TraceNotice(3, 0));

        Assert.Equal(new TraceNotice(4, 2), _summary.NotShown);
    }

    [Fact]
    public void ToText_ListenedInTurns_SaysTheShareBesideTheFigures()
    {
        Add(TraceSamples.IdleClose);
        _summary.Add(new TraceNotice(0, 0, 0.4));
        _summary.Add(new TraceNotice(1, 0));

        Assert.StartsWith("1 end in 12s, watched 40% of the time, 0 requests lost\n", Text(), StringComparison.Ordinal);
    }

    private void Add(params JudgedEnd[] ends)
    {
        foreach (var end in ends)
        {
            _summary.Add(end, correctsShown: true);
        }
    }

    private string Text() => _summary.ToText(TimeSpan.FromSeconds(12), new TextStyle());
}
