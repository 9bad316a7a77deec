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
    [InlineData(-1, -2, true, false, TrackingState.Unknown)] // NOTRACK, a second interface: others of its namespace say nothing of it
    [InlineData(-1, -2, null, false, TrackingState.Unknown)]
    [InlineData(-1, -2, false, false, TrackingState.NotTracked)]
    [InlineData(-2, -2, true, false, TrackingState.Unknown)]
    [InlineData(3000, -1, true, true, TrackingState.Tracked)]
    [InlineData(3000, 3000, true, true, TrackingState.Tracked)]
    [InlineData(-1, 3000, true, true, TrackingState.Tracked)]
    public void Judge_NoPast_FollowsItsOwnEntries(int host, int own, bool? hostTracks, bool? ownTracks, TrackingState expected) =>
        Assert.Equal(expected, TrackingJudge.Judge(Socket(false, false, host, own, ownTracks), hostTracks));

    [Theory]
    [InlineData(-1, -2, true, false)]
    [InlineData(3000, -1, true, true)] // its own table has forgotten it
    [InlineData(-1, 3000, true, false)]
    public void Judge_EntryOnceSeenAndNowGone_WasForgottenWhateverElseIsKnown(int host, int own, bool wasInHost, bool wasInOwn)
    {
        var socket = Socket(false, false, host, own, ownTracks: null);
        socket.SetPast(new(TimeSpan.FromSeconds(15), new(wasInHost, false, 0), new(wasInOwn, false, 0)));
        Assert.Equal(TrackingState.Untracked, TrackingJudge.Judge(socket, null));
    }

    [Theory]
    // host entry seconds (-1: gone), own entry likewise, what was fresh
    [InlineData(-1, -2, true, false, true)]
    [InlineData(-1, -2, false, false, false)]
    [InlineData(-1, -2, false, true, false)] // its own table has none, fresh or not
    [InlineData(3000, -2, true, false, false)]
    [InlineData(3000, -1, true, true, true)]
    [InlineData(3000, -1, true, false, false)]
    public void WasDeleted_GoneThoughItHadTimeLeft(int host, int own, bool hostWasFresh, bool ownWasFresh, bool expected)
    {
        var socket = Socket(false, false, host, own, ownTracks: null);
        socket.SetPast(new(TimeSpan.FromSeconds(15), new(true, true, 0, hostWasFresh), new(own != -2, true, 0, ownWasFresh)));
        Assert.Equal(expected, TrackingJudge.WasDeleted(socket));
    }

    [Fact]
    public void Judge_OthersOfTheSameEndsAreTracked_WasForgotten()
    {
        var socket = Socket(false, false, -1, -2, ownTracks: false);
        socket.SetKin(new(true, false, 0), default);
        Assert.Equal(TrackingState.Untracked, TrackingJudge.Judge(socket, null));
    }

    [Fact]
    public void Judge_LoopbackInsideAPod_DoesNotNeedTheHostsTable()
    {
        Assert.Equal(TrackingState.NotTracked, TrackingJudge.Judge(Socket(false, true, -1, -2, ownTracks: false), true));
        var socket = Socket(false, true, -1, -1);
        socket.SetPast(new(TimeSpan.FromSeconds(15), new(true, true, 0), new(true, true, 0)));
        Assert.Equal(TrackingState.Untracked, TrackingJudge.Judge(socket, true));
    }

    [Fact]
    public void Judge_OwnTableMayTranslateAndCouldNotBeAsked_IsUnknown()
    {
        var socket = Socket(false, false, -1, -2, ownTracks: null, untranslated: false);
        socket.SetPast(new(TimeSpan.FromSeconds(15), new(true, true, 0), default));
        Assert.Equal(TrackingState.Unknown, TrackingJudge.Judge(socket, true));
    }

    // Whether what it sends without its entry is lost.
    [Theory]
    [InlineData(true, true, true)]
    [InlineData(false, true, false)] // picked up again at its next packet
    [InlineData(false, false, true)]
    [InlineData(true, null, true)]
    [InlineData(false, null, null)]
    public void NeedsEntry_EntryOnceSeen_ByItsTranslationAndTheTable(bool translated, bool? isLoose, bool? expected)
    {
        var socket = Socket(false, false, -1, -2, ownTracks: false);
        socket.Namespace.HostIsLoose = isLoose;
        socket.SetPast(new(TimeSpan.FromSeconds(15), new(true, translated, 0), default));
        Assert.Equal((expected, (bool?)translated), (TrackingJudge.NeedsEntry(socket), TrackingJudge.Translates(socket)));
    }

    // The entry was never seen; others of the same two ends have one, and both views of the connection may be known.
    [Theory]
    [InlineData(false, true, null, true)] // whoever calls the same address has the same path
    [InlineData(true, true, null, true)]
    [InlineData(true, false, null, null)] // the server does not see by which name it was called
    [InlineData(true, null, null, null)] // some of them are, some are not
    [InlineData(true, false, true, true)] // the client sees another address than the server has
    [InlineData(true, true, false, false)]
    public void NeedsEntry_NeverSeen_ByBothViewsOrByItsKin(bool isAccepted, bool? kinTranslates, bool? pathTranslates, bool? expected)
    {
        var socket = Socket(false, false, -1, -2, ownTracks: false) with { IsAccepted = isAccepted };
        socket.Namespace.HostIsLoose = true;
        socket.SetKin(new(true, kinTranslates, 0), default);
        socket.SetPeer(PeerState.Unknown, pathTranslates);
        Assert.Equal(expected, TrackingJudge.NeedsEntry(socket));
    }

    [Fact]
    public void NeedsEntry_NothingIsKnownOfAnEntry_Null()
    {
        var socket = Socket(false, false, -1, -2, ownTracks: false);
        socket.Namespace.HostIsLoose = true;
        Assert.Equal((null, null), (TrackingJudge.NeedsEntry(socket), TrackingJudge.Translates(socket)));
    }

    // Only the table of its own namespace knows it, as that of a connection between two containers of a pod.
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(null, null)]
    public void NeedsEntry_InItsOwnTableOnly_ByThatTable(bool? isLoose, bool? expected)
    {
        var socket = Socket(false, false, -2, 3000);
        socket.Namespace.OwnIsLoose = isLoose;
        Assert.Equal(expected, TrackingJudge.NeedsEntry(socket));
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
