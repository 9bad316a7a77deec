using Agent.Core.Model;
using Agent.Core.Tallies;
using Agent.Kernel.Conntrack;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Core.Tallies;

public sealed class TrackingJudgeTests
{
    [Theory]
    // host entry seconds (-1: gone, -2: not asked), own entry likewise, host's table tracks, own table tracks
    [InlineData(3000, -2, true, false, TrackingState.Tracked)]
    [InlineData(1, -2, true, false, TrackingState.Tracked)]
    [InlineData(-1, -2, true, false, TrackingState.Untracked)]
    [InlineData(-1, -2, null, false, TrackingState.Unknown)]
    [InlineData(-1, -2, false, false, TrackingState.NotTracked)]
    [InlineData(-2, -2, true, false, TrackingState.Unknown)]
    [InlineData(3000, -1, true, true, TrackingState.Untracked)]
    [InlineData(3000, 3000, true, true, TrackingState.Tracked)]
    [InlineData(3000, -1, true, null, TrackingState.Tracked)]
    [InlineData(-1, 3000, true, true, TrackingState.Untracked)]
    [InlineData(-1, 3000, null, true, TrackingState.Tracked)]
    public void Judge_PodSocket_FollowsBothTables(int host, int own, bool? hostTracks, bool? ownTracks, TrackingState expected) =>
        Assert.Equal(expected, TrackingJudge.Judge(Socket(false, false, host, own, ownTracks), hostTracks));

    [Fact]
    public void Judge_LoopbackInsideAPod_DoesNotNeedTheHostsTable()
    {
        Assert.Equal(TrackingState.NotTracked, TrackingJudge.Judge(Socket(false, true, -1, -2, ownTracks: false), true));
        Assert.Equal(TrackingState.Untracked, TrackingJudge.Judge(Socket(false, true, -1, -1), true));
    }

    [Fact]
    public void Judge_OwnTableMayTranslateAndCouldNotBeAsked_IsUnknown() =>
        Assert.Equal(TrackingState.Unknown, TrackingJudge.Judge(Socket(false, false, -1, -2, ownTracks: null, untranslated: false), true));

    [Fact]
    public void Judge_HostSocket_IgnoresPodTables() =>
        Assert.Equal(TrackingState.Untracked, TrackingJudge.Judge(Socket(true, false, -1, -2), true));

    [Fact]
    public void Judge_EntryOnceSeenAndNowGone_WasForgottenWhateverElseIsKnown()
    {
        var socket = Socket(false, false, -1, -2, ownTracks: false);
        socket.SetPast(new(TimeSpan.FromSeconds(15), WasInHostTable: true, WasInOwnTable: false));
        Assert.Equal(TrackingState.Untracked, TrackingJudge.Judge(socket, null));

        socket = Socket(false, false, 3000, -1, ownTracks: null);
        socket.SetPast(new(TimeSpan.FromSeconds(15), WasInHostTable: true, WasInOwnTable: true));
        Assert.Equal(TrackingState.Untracked, TrackingJudge.Judge(socket, null));
    }

    [Fact]
    public void SoonestEntry_InBothTables_IsTheOneThatExpiresFirst()
    {
        Assert.Equal(ConntrackTableKind.Pod, TrackingJudge.SoonestEntry(Socket(false, false, 3000, 10))!.Table);
        Assert.Equal(ConntrackTableKind.Host, TrackingJudge.SoonestEntry(Socket(false, false, 9, 10))!.Table);
        Assert.Null(TrackingJudge.SoonestEntry(Socket(false, false, -1, -1)));
    }

    private static HalfClosedSocket Socket(bool isHost, bool stays, int host, int own, bool? ownTracks = true, bool untranslated = true)
    {
        const string tuple = "10.0.0.1:80 10.0.0.2:5000";
        var socket = new HalfClosedSocket(
            Make.Socket(tuple, TcpState.CloseWait), 1, new NamespaceTracking(isHost) { InOwnTable = isHost ? null : ownTracks }, stays);
        if (own >= 0)
        {
            socket.SetOwnEntry(Entry(own), static _ => false);
        }
        else if (own == -1)
        {
            socket.SetOwnEntryMissing();
        }

        if (untranslated)
        {
            socket.SetUntranslated();
        }

        if (host >= 0)
        {
            socket.SetHostEntry(Entry(host), isInitiator: true);
        }
        else if (host == -1)
        {
            socket.SetHostEntryMissing();
        }

        return socket;

        static ConntrackFlow Entry(int seconds) => Make.Flow(tuple, TcpConntrackState.CloseWait, timeoutSeconds: (uint)seconds);
    }
}
