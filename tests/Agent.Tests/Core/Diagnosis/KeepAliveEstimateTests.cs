using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Xunit;

namespace Agent.Tests.Core.Diagnosis;

public sealed class KeepAliveEstimateTests
{
    private const double Probes = 12;

    private static readonly TimeSpan s_hours = TimeSpan.FromHours(3);

    // Real closes and what two scans see of them: Node.js at 6 s with 5 configured, gunicorn at 2, nginx at 75, Kestrel at 130.
    [Theory]
    [InlineData(6.0, 5.9, 5.6, 40, 6, "Node.js")]
    [InlineData(6.0, 6.01, 3.0, 2, 6, "uvicorn")]
    [InlineData(2.0, 2.0, 1.9, 12, 4, "gunicorn")]
    [InlineData(75.0, 75.0, 70.0, 300, 9, "nginx")]
    [InlineData(130.0, 130.0, 122.0, 80, 3, "Kestrel")]
    [InlineData(20.0, 20.0, 19.0, 50, 5, null)]
    public void Of_WatchedCloses_WithinThirtyPercentAndSure(double real, double atClose, double ceiling, long samples, long closes, string? resembles)
    {
        var estimate = KeepAliveEstimate.Of(Seen(closes, 0, atClose, ceiling, samples), s_hours, Probes);
        Assert.NotNull(estimate);
        Assert.True(estimate.IsSure);
        Assert.InRange(estimate.IdleTime.TotalSeconds, real * 0.7, real * 1.3);
        Assert.Equal(resembles is not null, estimate.Resembles is not null);
        Assert.Contains(resembles ?? "", estimate.Resembles ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Of_ConnectionsUsedAgainBetweenScans_CeilingCorrects() =>
        Assert.InRange(KeepAliveEstimate.Of(Seen(20, 0, 11.0, 5.5, 60), s_hours, Probes)!.IdleTime.TotalSeconds, 4.2, 7.8);

    // A burst at both scans of a single command: their age is no ceiling, and the closes count only where they agree.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Of_TwoScansOfABurst_SureWhereTheClosesAgree(bool agree)
    {
        var estimate = KeepAliveEstimate.Of(Seen(8, 0, 6.0, 2.05, 12) with { IdleClosesAgree = agree, Idle = new(TimeSpan.FromSeconds(2.05), 12, 2) }, s_hours, Probes);
        Assert.Equal((6, agree), (estimate?.IdleTime.TotalSeconds, estimate?.IsSure));
    }

    // gunicorn, watched at moments of which none was near the end of an idle time.
    [Theory]
    [InlineData(true, 2.0)]
    [InlineData(false, null)]
    public void Of_CeilingTooLowForTheCloses_TheClosesCountWhereTheyAgree(bool agree, double? expected) =>
        Assert.Equal(expected, KeepAliveEstimate.Of(Seen(9, 0, 2.0, 1.34, 32) with { IdleClosesAgree = agree }, s_hours, Probes)?.IdleTime.TotalSeconds);

    [Fact]
    public void Of_NothingClosedWhileIdle_Null() => Assert.Null(KeepAliveEstimate.Of(Seen(0, 0, null, 500, 900) with { ClosedByPodFirst = 4000 }, s_hours, Probes));

    [Fact]
    public void Of_ClientsClose_Null() => Assert.Null(KeepAliveEstimate.Of(Seen(1, 90, 30, 30, 200), s_hours, Probes));

    [Fact]
    public void Of_ShutdownOfConnectionsThatIdleLong_Null() => Assert.Null(KeepAliveEstimate.Of(Seen(30, 0, 200, 600, 400), s_hours, Probes));

    [Fact]
    public void Of_WebSocketsBesideAShortKeepAlive_NotSure()
    {
        var estimate = KeepAliveEstimate.Of(Seen(30, 0, 6, 600, 400), s_hours, Probes);
        Assert.Equal((6, false), (estimate?.IdleTime.TotalSeconds, estimate?.IsSure));
    }

    [Fact]
    public void Of_PollingClientThatEndsWithConnectionClose_Null() => Assert.Null(KeepAliveEstimate.Of(Seen(4, 0, 14, 3.1, 90), s_hours, Probes));

    [Fact]
    public void Of_OneScan_IsAGuessOnly()
    {
        var estimate = KeepAliveEstimate.Of(Scanned(5.4, 30, 60), s_hours, Probes);
        Assert.Equal((false, 0), (estimate?.IsSure, estimate?.Closes));
    }

    [Theory]
    [InlineData(5.4, 4, 60)] // too few samples
    [InlineData(5.4, 30, 20)] // no more closes than probes leave
    [InlineData(17.0, 30, 60)] // nobody's default
    public void Of_OneScanThatHasAnotherExplanation_Null(double ceiling, long samples, long timeWait) =>
        Assert.Null(KeepAliveEstimate.Of(Scanned(ceiling, samples, timeWait), s_hours, Probes));

    [Fact]
    public void Of_OneScanOfAPodThatJustStarted_Null() => Assert.Null(KeepAliveEstimate.Of(Scanned(5.4, 30, 60), TimeSpan.FromSeconds(20), Probes));

    private static Listener Seen(long closes, long byPeer, double? atClose, double ceiling, long samples) => Given.Listener() with
    {
        IdleClosesSeen = closes,
        IdleClosesByPeerSeen = byPeer,
        IdleAtClose = atClose is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        Idle = new(TimeSpan.FromSeconds(ceiling), samples, 20),
    };

    private static Listener Scanned(double ceiling, long samples, long timeWait) => Given.Listener() with
    {
        ClosedByPodFirst = timeWait,
        Idle = new(TimeSpan.FromSeconds(ceiling), samples),
    };
}
