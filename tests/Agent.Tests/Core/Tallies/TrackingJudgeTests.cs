using Agent.Core.Model;
using Agent.Core.Tallies;
using Agent.Kernel.Conntrack;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Core.Tallies;

public sealed class TrackingJudgeTests
{
    private static readonly TimeSpan s_minute = TimeSpan.FromSeconds(60);

    [Theory]
    // name: host entry seconds (-1: gone, -2: not asked), pod entry likewise, host tracks, pod tracks
    [InlineData(3000, -2, true, false, TrackingState.Tracked)]
    [InlineData(59, -2, true, false, TrackingState.Expiring)]
    [InlineData(60, -2, true, false, TrackingState.Tracked)]
    [InlineData(-1, -2, true, false, TrackingState.Untracked)]
    [InlineData(-1, -2, null, false, TrackingState.Unknown)]
    [InlineData(-1, -2, false, false, TrackingState.NotTracked)]
    [InlineData(-2, -2, true, false, TrackingState.Unknown)]
    [InlineData(3000, -1, true, true, TrackingState.Untracked)]
    [InlineData(3000, 10, true, true, TrackingState.Expiring)]
    [InlineData(3000, 3000, true, true, TrackingState.Tracked)]
    [InlineData(3000, -1, true, null, TrackingState.Tracked)]
    [InlineData(-1, 3000, true, true, TrackingState.Untracked)]
    [InlineData(-1, 3000, null, true, TrackingState.Tracked)]
    public void Judge_PodSocket_FollowsBothTables(int host, int pod, bool? hostTracks, bool? podTracks, TrackingState expected) =>
        Assert.Equal(expected, TrackingJudge.Judge(Socket(1, false, host, pod), hostTracks, podTracks, s_minute));

    [Fact]
    public void Judge_LoopbackInsideAPod_DoesNotNeedTheHostsTable()
    {
        Assert.Equal(TrackingState.NotTracked, TrackingJudge.Judge(Socket(1, true, -1, -2), true, false, s_minute));
        Assert.Equal(TrackingState.Untracked, TrackingJudge.Judge(Socket(1, true, -1, -1), true, true, s_minute));
    }

    [Fact]
    public void Judge_OwnTableMayTranslateAndCouldNotBeAsked_IsUnknown() =>
        Assert.Equal(TrackingState.Unknown, TrackingJudge.Judge(Socket(1, false, -1, -2) with { OutsideIsKnown = false }, true, null, s_minute));

    [Fact]
    public void Judge_HostSocket_IgnoresPodTables() =>
        Assert.Equal(TrackingState.Untracked, TrackingJudge.Judge(Socket(0, false, -1, -2), true, null, s_minute));

    [Fact]
    public void SoonestEntry_InBothTables_IsTheOneThatExpiresFirst()
    {
        Assert.Equal(ConntrackTableKind.Pod, TrackingJudge.SoonestEntry(Socket(1, false, 3000, 10))!.Table);
        Assert.Equal(ConntrackTableKind.Host, TrackingJudge.SoonestEntry(Socket(1, false, 9, 10))!.Table);
        Assert.Null(TrackingJudge.SoonestEntry(Socket(1, false, -1, -1)));
    }

    private static HalfClosedSocket Socket(int slot, bool stays, int host, int pod) => new()
    {
        Socket = Make.Socket("10.0.0.1:80 10.0.0.2:5000", TcpState.CloseWait),
        NamespaceSlot = slot,
        OutsideIsKnown = true,
        StaysInNamespace = stays,
        Host = Match(host),
        Pod = Match(pod),
    };

    private static EntryMatch Match(int seconds) => new()
    {
        Asked = seconds > -2,
        Found = seconds >= 0,
        State = TcpConntrackState.CloseWait,
        ExpiresInSeconds = seconds >= 0 ? (uint)seconds : null,
    };
}
