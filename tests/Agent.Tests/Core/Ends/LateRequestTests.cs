using Agent.Core.Model;
using Agent.Kernel.Conntrack;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Core.Ends;

/// <summary>Requests that met the close of an idle connection and came from another node: only conntrack and the counter of resets tell.</summary>
public sealed class LateRequestTests
{
    private const string IdleClose = "server closes idle";

    [Fact]
    public void LookUp_EndedByOurReset_AtAQuietPort_IsLostAfterClose()
    {
        var replay = QuietPort();

        Close(replay, TcpConntrackState.Close, resets: 1);

        Assert.Equal([(LossCause.AfterClose, 1L)], replay.ServerSummary.RequestsLost.Select(static lost => (lost.Cause, lost.Count)));
        Assert.Equal(4, replay.ServerSummary.Server[EndKind.ClosedFirstIdle]);
        Assert.Single(replay.Told, static end => end is { IsCorrection: true, Loss: LossCause.AfterClose });
    }

    [Fact]
    public void LookUp_EndedByTheClientsReset_NothingIsLost()
    {
        var replay = QuietPort();

        Close(replay, TcpConntrackState.Close, resets: 0);

        Assert.Empty(replay.ServerSummary.RequestsLost);
        Assert.Equal(0, replay.ServerSummary.LossUnknown);
    }

    [Fact]
    public void LookUp_FewerResetsThanEntries_CountsAsManyAsResets()
    {
        var replay = QuietPort(closes: 10);
        for (var i = 0; i < 3; i++)
        {
            replay.Only(EndRole.Server, IdleClose).Pass(0.001);
        }

        replay.Pass(3);
        Assert.Equal(3, replay.LookUp(TcpConntrackState.Close));
        replay.Pass(1).Settle(resetsSent: 102);

        Assert.Equal(2, replay.ServerSummary.Lost(EndRole.Server));
    }

    [Fact]
    public void LookUp_ResetExplainedByUnreadData_IsNotCountedTwice()
    {
        var replay = QuietPort().Only(EndRole.Server, "request unread at close").Pass(0.1);

        Close(replay, TcpConntrackState.Close, resets: 1, lookups: 2);

        Assert.Equal([(LossCause.UnreadAtClose, 1L)], replay.ServerSummary.RequestsLost.Select(static lost => (lost.Cause, lost.Count)));
    }

    [Theory]
    [InlineData(TcpConntrackState.TimeWait)]
    [InlineData(TcpConntrackState.LastAck)]
    [InlineData(null)]
    public void LookUp_EndedOtherwise_NothingIsLost(TcpConntrackState? state)
    {
        var replay = QuietPort();

        Close(replay, state, resets: 1);

        Assert.Empty(replay.ServerSummary.RequestsLost);
    }

    /// <summary>A server's last words, a request that met them, and a close that came late: where clients may say such words, nobody knows.</summary>
    [Theory]
    [InlineData(3, 3, 4, LossCause.Unknown)]
    [InlineData(3, 3, 7, LossCause.None)] // most close without a word
    [InlineData(0, 0, 0, LossCause.None)]
    public void Add_UnreadWithTheServersLastBytes_LateClose_IsUnknownWhereClientsMaySayLastWords(int words, int held, int quiet, LossCause loss)
    {
        var replay = new EndReplay();
        var habit = replay.Server.Port(EndRole.Server, 8080).Habit;
        Times(words, habit.SawLastWords);
        Times(held, habit.Hold);
        Times(quiet, habit.SawQuietClose);

        replay.Tally.Add(
            new()
            {
                Tuple = CapturedEnds.Scene(IdleClose).InPods.First(static end => end.Role == EndRole.Server).End.Tuple,
                Present = (ConnectionEndFields)byte.MaxValue,
                LastDataSentMilliseconds = 80,
                LastDataReceivedMilliseconds = 80,
                ReceiveQueueBytes = 171,
                BytesReceived = 678,
                BytesSent = 1448,
                BytesAcked = 1449,
            },
            replay.ServerNetwork,
            replay.Clock);

        Assert.Equal(loss, Assert.Single(replay.Told).Loss);

        static void Times(int count, Action action)
        {
            for (var i = 0; i < count; i++)
            {
                action();
            }
        }
    }

    [Fact]
    public void LookUp_EveryCloseEndsInAReset_IsTheProtocol_AndUnknown()
    {
        var replay = new EndReplay().Settle(resetsSent: 100).Pass(1);
        for (var i = 0; i < 20; i++)
        {
            replay.Only(EndRole.Server, "TLS 1.3: server closes, client notifies and closes").Pass(0.01);
        }

        replay.Pass(3);
        replay.LookUp(TcpConntrackState.Close);
        replay.Pass(1).Settle(resetsSent: 120, canLookUp: true);

        Assert.Empty(replay.ServerSummary.RequestsLost);
        Assert.Equal(20, replay.ServerSummary.LossUnknown);
    }

    /// <summary>Its alert is the last that was sent, so that it does not look idle: it may have met a request all the same.</summary>
    [Theory]
    [InlineData("TLS 1.2: server notifies and closes, client notifies and closes")]
    [InlineData("TLS 1.3: server notifies and closes, client notifies and closes")]
    public void LookUp_ServerSaysLastWordsBeforeItCloses_IsUnknown(string scene)
    {
        var replay = new EndReplay().Settle(resetsSent: 100).Pass(1).Only(EndRole.Server, scene).Pass(3);
        Assert.Equal(1, replay.LookUp(TcpConntrackState.Close));
        replay.Pass(1).Scan(scene, resetsSent: 101).Pass(1);

        Assert.Equal((0, 1), (replay.ServerSummary.Lost(EndRole.Server), replay.ServerSummary.LossUnknown));
    }

    /// <summary>An alert that the server left unread says that the port speaks TLS, whatever most of its clients do.</summary>
    [Fact]
    public void LookUp_SomeClientsWereSeenToSendAlerts_IsUnknown()
    {
        var replay = QuietPort().Only(EndRole.Server, "TLS 1.3: client notifies and closes, server closes unread").Pass(0.1);

        Close(replay, TcpConntrackState.Close, resets: 2, lookups: 2);

        // The unread one, too: from one side an alert looks like a short request.
        Assert.Equal((0, 2), (replay.ServerSummary.Lost(EndRole.Server), replay.ServerSummary.LossUnknown));
    }

    /// <summary>Whether the data that was unread at another close went with a reset is not known: one of the two resets is this one's, or none.</summary>
    [Fact]
    public void LookUp_ResetMayBeExplainedByAnotherClose_IsUnknown()
    {
        var replay = QuietPort();
        replay.ServerNetwork.Resets.ExplainPerhaps(replay.Now);

        Close(replay, TcpConntrackState.Close, resets: 1);

        Assert.Equal((0, 1), (replay.ServerSummary.Lost(EndRole.Server), replay.ServerSummary.LossUnknown));
    }

    /// <summary>A client that gave up answers its server's answer with a reset: the server sends none then, whatever it had not read.</summary>
    [Fact]
    public void LookUp_AnotherCloseMayHaveSentNoReset_IsNotTakenForItsReset()
    {
        var replay = QuietPort();
        var given = CapturedEnds.Scene("client gives up, its request unread").InPods.First(static end => end.Role == EndRole.Server).End;
        replay.Tally.Add(given with { SendQueueBytes = 139 }, replay.ServerNetwork, replay.Clock);

        Close(replay.Pass(0.5), TcpConntrackState.Close, resets: 1);

        Assert.Equal((0, 1), (replay.ServerSummary.Lost(EndRole.Server), replay.ServerSummary.LossUnknown));
    }

    /// <summary>What the entry has left tells when the reset came: many that are looked up late explain none that came after them.</summary>
    [Fact]
    public void LookUp_ManyBefore_TheirResetsAreNotTakenFromLaterOnes()
    {
        var replay = QuietPort(closes: 40);
        Many(20);
        replay.Pass(1).Settle(resetsSent: 120, canLookUp: true).Pass(0.5);
        Many(5);
        replay.Pass(1).Settle(resetsSent: 125, canLookUp: true).Pass(0.5);

        Assert.Equal(20, replay.LookUp(TcpConntrackState.Close, expiresInSeconds: 7));
        replay.Pass(1).Settle(resetsSent: 125, canLookUp: true).Pass(0.5);
        Assert.Equal(5, replay.LookUp(TcpConntrackState.Close, expiresInSeconds: 7));
        replay.Pass(1).Settle(resetsSent: 125, canLookUp: true);

        Assert.Equal((25, 0), (replay.ServerSummary.Lost(EndRole.Server), replay.ServerSummary.LossUnknown));

        void Many(int count)
        {
            for (var i = 0; i < count; i++)
            {
                replay.Only(EndRole.Server, IdleClose);
            }
        }
    }

    [Fact]
    public void LookUp_FirstCloseOfAPort_IsHeldUntilThePortIsKnownToBeQuiet()
    {
        var replay = new EndReplay().Settle(resetsSent: 100).Pass(1);
        Close(replay, TcpConntrackState.Close, resets: 1);
        Assert.Equal((0, 1), (replay.ServerSummary.Lost(EndRole.Server), replay.ServerSummary.LossUnknown));

        Close(replay, TcpConntrackState.TimeWait, resets: 1);
        Close(replay, TcpConntrackState.TimeWait, resets: 1);

        Assert.Equal((1, 0), (replay.ServerSummary.Lost(EndRole.Server), replay.ServerSummary.LossUnknown));
        Assert.Single(replay.Told, static end => end is { IsCorrection: true, Loss: LossCause.AfterClose });
    }

    [Fact]
    public void LookUp_CounterOfResetsUnknown_IsUnknown()
    {
        var replay = new EndReplay();
        for (var i = 0; i < 3; i++)
        {
            replay.Only(EndRole.Server, IdleClose).Pass(3);
            replay.LookUp(i == 2 ? TcpConntrackState.Close : TcpConntrackState.TimeWait);
        }

        replay.Pass(60).Settle();

        Assert.Equal((0, 1), (replay.ServerSummary.Lost(EndRole.Server), replay.ServerSummary.LossUnknown));
        Assert.Single(replay.Told, static end => end is { IsCorrection: true, Loss: LossCause.Unknown });
    }

    [Fact]
    public void TryTakeLookup_IsDueFromTwoToEightSeconds()
    {
        var replay = new EndReplay().Only(EndRole.Server, IdleClose);
        Assert.Equal(0, replay.Pass(1.9).LookUp(TcpConntrackState.TimeWait));
        Assert.Equal(1, replay.Pass(0.1).LookUp(TcpConntrackState.TimeWait));
        Assert.Equal(0, replay.LookUp(TcpConntrackState.TimeWait));

        Assert.Equal(0, replay.Only(EndRole.Server, IdleClose).Pass(8.1).LookUp(TcpConntrackState.Close));
    }

    [Theory]
    [InlineData("server answers and closes")]
    [InlineData("upload refused")]
    [InlineData("client resets")]
    public void TryTakeLookup_OnlyCloses_OfIdleConnections(string scene) =>
        Assert.Equal(0, new EndReplay().Only(EndRole.Server, scene).Pass(3).LookUp(TcpConntrackState.Close));

    /// <summary>An entry tells whether its other end is here, too, behind a translation.</summary>
    [Theory]
    [InlineData(EndRole.Server, "request unread at close")]
    [InlineData(EndRole.Client, "request unread at close")]
    [InlineData(EndRole.Client, "request after close")]
    public void TryTakeLookup_LostRequests(EndRole role, string scene) =>
        Assert.Equal(1, new EndReplay().Only(role, scene).Pass(3).LookUp(TcpConntrackState.Close));

    [Fact]
    public void TryTakeLookup_OtherEndIsHere_IsNotAsked() => Assert.Equal(0, new EndReplay().Both("server closes idle, client at once").Pass(3).LookUp(TcpConntrackState.Close));

    [Fact]
    public void LookUp_ConntrackTellsWhoClosedFirst_NoScanIsNeeded()
    {
        var replay = new EndReplay().Only(EndRole.Server, "client closes idle, server reads the end of file").Pass(3);

        replay.LookUp(TcpConntrackState.TimeWait, ClosedBy.Peer);

        Assert.Equal((1, 0), (replay.ServerSummary.Server[EndKind.PeerFirst], replay.Tally.Undecided));
    }

    [Fact]
    public void Settle_LookUpStillToCome_WaitsForIt()
    {
        // A late request's reset has removed the socket in TIME_WAIT: that it is not there says nothing yet.
        var replay = new EndReplay().Settle(resetsSent: 100).Pass(1).Only(EndRole.Server, IdleClose).Pass(1).Settle(canLookUp: true);
        Assert.Equal(1, replay.Tally.Undecided);

        replay.Pass(2);
        replay.LookUp(TcpConntrackState.Close);

        Assert.Equal(1, replay.ServerSummary.Server[EndKind.ClosedFirstIdle]);
    }

    /// <summary>A port at which clients were seen to close without a word.</summary>
    private static EndReplay QuietPort(int closes = 3)
    {
        var replay = new EndReplay();
        for (var i = 0; i < closes; i++)
        {
            replay.Only(EndRole.Server, IdleClose).Pass(3);
            replay.LookUp(TcpConntrackState.TimeWait);
        }

        return replay.Settle(resetsSent: 100).Pass(1);
    }

    private static void Close(EndReplay replay, TcpConntrackState? state, int resets, int lookups = 1)
    {
        replay.Only(EndRole.Server, IdleClose).Pass(3);
        Assert.Equal(lookups, replay.LookUp(state));
        replay.Pass(1).Scan(IdleClose, resetsSent: 100 + resets).Pass(1);
    }
}
