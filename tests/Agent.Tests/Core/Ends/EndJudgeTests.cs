using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Core.Ends;

/// <summary>Every kind of end that the kernel was seen to report, from its own bytes.</summary>
public sealed class EndJudgeTests
{
    private const ConnectionEndFields Everything = (ConnectionEndFields)byte.MaxValue;

    [Theory]
    [InlineData("server closes idle", EndKind.ClosedFirstIdle, EndKind.PeerFirst)]
    [InlineData("server closes idle, client at once", EndKind.ClosedFirstIdle, EndKind.PeerFirst)]
    [InlineData("server shuts down idle, then closes", EndKind.ClosedFirstIdle, EndKind.PeerFirst)]
    [InlineData("client closes idle", EndKind.PeerFirst, EndKind.ClosedFirstIdle)]
    [InlineData("client closes idle, server reads the end of file", EndKind.PeerFirst, EndKind.ClosedFirstIdle)]
    [InlineData("client half-closes, server answers and closes", EndKind.PeerFirst, EndKind.ClosedFirst)]
    [InlineData("upload refused", EndKind.ResetUnread, EndKind.ResetReceived)]
    [InlineData("upload refused, more of the body after the answer", EndKind.ResetUnread, EndKind.ResetReceived)]
    [InlineData("client gives up, server answers later", EndKind.Abandoned, EndKind.Abandoned)]
    [InlineData("client gives up, server reads the end of file", EndKind.Abandoned, EndKind.Abandoned)]
    [InlineData("client gives up, its request unread", EndKind.Abandoned, EndKind.Abandoned)]
    [InlineData("server closes, its answer unread by the client", EndKind.ClosedFirst, EndKind.ResetUnread)]
    [InlineData("client closes with an answer unread", EndKind.ResetReceived, EndKind.ResetUnread)]
    [InlineData("server answers and closes", EndKind.ClosedFirst, EndKind.PeerFirst)]
    [InlineData("unused, server closes", EndKind.ClosedFirst, EndKind.PeerFirst)]
    [InlineData("unused, client closes", EndKind.PeerFirst, EndKind.ClosedFirst)]
    [InlineData("SMTP", EndKind.ClosedFirst, EndKind.PeerFirst)]
    [InlineData("MySQL COM_QUIT", EndKind.PeerFirst, EndKind.ClosedFirst)]
    public void Judge_NothingLost_TellsTheKind(string scene, EndKind server, EndKind client)
    {
        Assert.Equal((server, LossCause.None), Judge(scene, EndRole.Server));
        Assert.Equal((client, LossCause.None), Judge(scene, EndRole.Client));
    }

    [Theory]
    [InlineData("client resets", EndRole.Server, EndKind.ResetReceived)]
    [InlineData("server resets", EndRole.Client, EndKind.ResetReceived)]
    [InlineData("check that ends with a reset", EndRole.Server, EndKind.ResetReceived)]
    [InlineData("nobody answers any more", EndRole.Server, EndKind.TimedOut)]
    public void Judge_OneSideOnly_TellsTheKind(string scene, EndRole role, EndKind kind)
    {
        Assert.Equal((kind, LossCause.None), Judge(scene, role));
        Assert.Null(CapturedEnds.Scene(scene).Facts(role == EndRole.Server ? EndRole.Client : EndRole.Server));
    }

    [Fact]
    public void Read_Refused_IsNoEnd() => Assert.Empty(CapturedEnds.Scene("refused").Ends);

    [Theory]
    [InlineData("request unread at close", EndKind.ResetUnread, LossCause.UnreadAtClose)]
    [InlineData("first request unread at close", EndKind.ResetUnread, LossCause.UnreadAtClose)]
    [InlineData("request after shutdown", EndKind.ResetUnread, LossCause.AfterClose)]
    [InlineData("request taken, closed without an answer", EndKind.ClosedFirst, LossCause.Unanswered)]
    [InlineData("request taken, closed without an answer, client at once", EndKind.ClosedFirst, LossCause.Unanswered)]
    [InlineData("first request taken, closed without an answer", EndKind.ClosedFirst, LossCause.Unanswered)]
    [InlineData("TLS 1.3: request unread at close", EndKind.ResetUnread, LossCause.UnreadAtClose)]
    [InlineData("TLS 1.2 CBC: request unread at close", EndKind.ResetUnread, LossCause.UnreadAtClose)]
    [InlineData("TLS 1.2 ChaCha20: request unread at close", EndKind.ResetUnread, LossCause.UnreadAtClose)]
    public void Judge_ServerLosesARequest_TellsTheCause(string scene, EndKind kind, LossCause cause)
    {
        var judgement = Whole(scene, EndRole.Server);

        Assert.Equal(new EndJudgement(kind, cause, NeedsQuietPort: false, NeedsCloser: false), judgement);
    }

    [Theory]
    [InlineData("request after close", EndKind.ResetReceived, LossCause.AfterClose, false)]
    [InlineData("TLS 1.3: request after close", EndKind.ResetReceived, LossCause.AfterClose, false)]
    [InlineData("TLS 1.2 CBC: request after close", EndKind.ResetReceived, LossCause.AfterClose, false)]
    [InlineData("TLS 1.2 ChaCha20: request after close", EndKind.ResetReceived, LossCause.AfterClose, false)]
    [InlineData("first request unread at close", EndKind.ResetReceived, LossCause.UnreadAtClose, false)]
    [InlineData("request unread at close", EndKind.ResetReceived, LossCause.UnreadAtClose, true)]
    [InlineData("request taken, closed without an answer", EndKind.PeerFirst, LossCause.Unanswered, false)]
    public void Judge_ClientLosesARequest_TellsTheCause(string scene, EndKind kind, LossCause cause, bool needsQuietPort)
    {
        var judgement = Whole(scene, EndRole.Client);

        Assert.Equal(new EndJudgement(kind, cause, needsQuietPort, NeedsCloser: false), judgement);
    }

    [Theory]
    [InlineData("TLS 1.3")]
    [InlineData("TLS 1.2")]
    [InlineData("TLS 1.2 CBC")]
    [InlineData("TLS 1.2 CBC SHA-1")]
    [InlineData("TLS 1.2 CBC SHA-1, MAC first")]
    [InlineData("TLS 1.2 CBC SHA-384")]
    [InlineData("TLS 1.2 ChaCha20")]
    public void Judge_TlsClosedGracefully_NothingIsSurelyLost(string version)
    {
        foreach (var name in CapturedEnds.Names.Where(name => name.StartsWith($"{version}:", StringComparison.Ordinal) && !name.Contains("request")))
        {
            foreach (var role in new[] { EndRole.Server, EndRole.Client })
            {
                var judgement = Whole(name, role);

                Assert.True(judgement.Loss == LossCause.None || judgement.NeedsQuietPort, $"{name}: {role} {judgement}");
                Assert.NotEqual(EndKind.ResetUnread, judgement.Kind);
            }
        }
    }

    [Theory]
    [InlineData("MySQL COM_QUIT, server first", EndRole.Server, LossCause.Unanswered)]
    [InlineData("HTTP/2 GOAWAY, client sends PING", EndRole.Client, LossCause.AfterClose)]
    public void Judge_WhatMayBeLastWords_NeedsAQuietPort(string scene, EndRole role, LossCause cause)
    {
        var judgement = Whole(scene, role);

        Assert.Equal((cause, true), (judgement.Loss, judgement.NeedsQuietPort));
    }

    /// <summary>The server's end of a TLS 1.3 connection that it closed with the client's alert unread, and an HTTP request of that size.</summary>
    [Theory]
    [InlineData(false, EndKind.PeerFirst)]
    [InlineData(true, EndKind.ResetUnread)]
    public void Judge_UnreadBytesOfTheSizeOfAnAlert_AreDataWhereThePortIsQuiet(bool quiet, EndKind kind)
    {
        var unread = CapturedEnds.Names.Select(static name => CapturedEnds.Scene(name).Facts(EndRole.Server)).OfType<EndFacts>().First(static facts =>
            facts is { IsComplete: true, IsWaiting: true, UnreadBytes: > 1, FinAcknowledged: false, WasNeverAnswered: false }
            && ControlSizes.MayBeControl(facts.UnreadBytes) && EndJudge.Judge(facts, ClosedBy.Unknown).Kind == EndKind.PeerFirst);

        Assert.Equal(kind, EndJudge.Judge(unread, ClosedBy.Unknown, quiet: quiet).Kind);
    }

    [Fact]
    public void Judge_UploadRefusedByAServerThatLingers_IsUnknown() =>
        Assert.Equal(LossCause.Unknown, Whole("upload refused, server lingers", EndRole.Server).Loss);

    [Theory]
    [InlineData(ClosedBy.Pod, EndKind.ClosedFirst, LossCause.Unanswered)]
    [InlineData(ClosedBy.Peer, EndKind.Abandoned, LossCause.None)]
    public void Judge_OwedAnAnswer_DependsOnWhoClosedFirst(ClosedBy closer, EndKind kind, LossCause loss)
    {
        var facts = CapturedEnds.Scene("request taken, closed without an answer").Facts(EndRole.Server)!.Value;

        Assert.True(EndJudge.Judge(facts, ClosedBy.Unknown).NeedsCloser);
        Assert.Equal(new EndJudgement(kind, loss, false, false), EndJudge.Judge(facts, closer));
    }

    /// <summary>A server that closes 5 s after a client's last bytes, which followed its answer by 8 ms: a request, or HTTP/2 opening a window.</summary>
    [Theory]
    [InlineData(8u, 5000u, true)]
    [InlineData(300u, 5000u, false)]
    [InlineData(8u, 500u, false)] // in work when its server was killed
    public void Judge_ClientSpokeSoonAfterTheAnswer_ALossNeedsAQuietPort(uint after, uint age, bool needsQuietPort)
    {
        var judgement = EndJudge.Judge(Server(lastSent: age + after, lastReceived: age), ClosedBy.Pod);

        Assert.Equal((LossCause.Unanswered, needsQuietPort), (judgement.Loss, judgement.NeedsQuietPort));
    }

    [Theory]
    [InlineData(false, EndKind.PeerFirst)]
    [InlineData(true, EndKind.Abandoned)]
    public void Judge_ClientSpokeSoonAfterTheAnswerAndClosed_GaveUpOnlyWhereThePortIsQuiet(bool quiet, EndKind kind) =>
        Assert.Equal(new EndJudgement(kind), EndJudge.Judge(Server(lastSent: 5008, lastReceived: 5000), ClosedBy.Peer, quiet: quiet));

    /// <summary>The server's own alert and FIN went out at the moment at which a request came: its clock tells neither before the other.</summary>
    [Fact]
    public void Judge_RequestMeetsTheServersLastWords_NeedsAQuietPort() => Assert.Equal(
        new EndJudgement(EndKind.ResetUnread, LossCause.AfterClose, NeedsQuietPort: true),
        EndJudge.Judge(Server(lastSent: 0, lastReceived: 0, unread: 90), ClosedBy.Pod));

    [Theory]
    [InlineData(25u, false)] // the client's alert
    [InlineData(9000u, false)] // the rest of an upload that was answered
    public void Judge_UnreadWithTheServersLastBytes_ThatIsNoRequest_IsNotLost(uint unread, bool lastWords) =>
        Assert.Equal(LossCause.None, EndJudge.Judge(Server(lastSent: 0, lastReceived: 0, unread), ClosedBy.Pod, lastWords).Loss);

    /// <summary>
    /// A server that closed with data unread and had spoken last, as one with an alert does: 58 bytes in TLS 1.2 may be a short request, or a
    /// client's last words where that had closed before.
    /// </summary>
    [Theory]
    [InlineData(58u, 0u, ClosedBy.Unknown, false, false, LossCause.Unknown)]
    [InlineData(59u, 0u, ClosedBy.Pod, false, false, LossCause.Unknown)]
    [InlineData(59u, 0u, ClosedBy.Peer, false, false, LossCause.None)]
    [InlineData(58u, 0u, ClosedBy.Unknown, true, false, LossCause.None)] // a small upload that was refused
    [InlineData(58u, 300u, ClosedBy.Unknown, false, false, LossCause.None)] // it was answered long before
    [InlineData(58u, 300u, ClosedBy.Unknown, false, true, LossCause.Unknown)] // busy between its alert and its close
    [InlineData(24u, 0u, ClosedBy.Unknown, false, true, LossCause.None)]
    [InlineData(90u, 0u, ClosedBy.Unknown, false, false, LossCause.None)]
    [InlineData(90u, 0u, ClosedBy.Unknown, false, true, LossCause.Unknown)]
    [InlineData(9000u, 0u, ClosedBy.Unknown, false, true, LossCause.None)]
    public void Judge_ResetWithDataUnread_ServerSpokeLast_IsUnknownWhereItMayBeARequest(
        uint unread, uint answered, ClosedBy closer, bool quiet, bool alerts, LossCause loss)
    {
        var facts = Server(lastSent: answered, lastReceived: answered + 4, unread, isFinAcknowledged: false);

        Assert.Equal(loss, EndJudge.Judge(facts, closer, quiet: quiet, alerts: alerts).Loss);
    }

    /// <summary>
    /// 171 bytes came with a server's GOAWAY or alert, and it closed 80 ms later: a request of HTTP/2, where clients are known to say last words,
    /// or may do so, and no alert was ever left over.
    /// </summary>
    [Theory]
    [InlineData(80u, true, false, LossCause.Unknown)]
    [InlineData(80u, false, true, LossCause.Unknown)]
    [InlineData(80u, false, false, LossCause.None)] // it was answered: 500 ms later at the latest most servers close that refuse an upload
    [InlineData(1000u, true, true, LossCause.None)]
    public void Judge_UnreadWithTheServersLastBytes_LateClose_IsUnknownWhereLastWordsAreKnown(
        uint age, bool lastWords, bool mayBeWords, LossCause loss)
    {
        var facts = Server(lastSent: age, lastReceived: age, unread: 171);

        Assert.Equal(loss, EndJudge.Judge(facts, ClosedBy.Pod, lastWords, mayBeWords: mayBeWords).Loss);
    }

    /// <summary>
    /// A server with TLS that ended its own direction and read on: a request that came within the same tick of the clock as its alert went out
    /// looks like one that had been answered.
    /// </summary>
    [Theory]
    [InlineData(0u, 0u, true, ClosedBy.Pod, LossCause.Unknown)]
    [InlineData(8u, 8u, true, ClosedBy.Pod, LossCause.Unknown)]
    [InlineData(120u, 120u, true, ClosedBy.Pod, LossCause.Unknown)] // busy between its alert and its close
    [InlineData(0u, 0u, false, ClosedBy.Pod, LossCause.None)]
    [InlineData(0u, 0u, true, ClosedBy.Peer, LossCause.None)]
    [InlineData(0u, 4u, true, ClosedBy.Pod, LossCause.None)]
    [InlineData(2000u, 2000u, true, ClosedBy.Pod, LossCause.None)] // it closed without a word
    public void Judge_ServerClosedFirst_WhatItsLastWordsHide_IsUnknownWhereAlertsWereSeen(
        uint lastSent, uint lastReceived, bool alerts, ClosedBy closer, LossCause loss) =>
        Assert.Equal(loss, EndJudge.Judge(Server(lastSent, lastReceived), closer, alerts: alerts).Loss);

    /// <summary>An alert that a client answers its server's FIN with, or the server its client's: nobody waited for it.</summary>
    [Theory]
    [InlineData(25u, EndKind.PeerFirst)]
    [InlineData(1000u, EndKind.Abandoned)]
    public void Judge_ServersLastBytesNotTaken_GaveUpUnlessTheyAreAnAlert(uint unacknowledged, EndKind kind)
    {
        var end = new ConnectionEnd
        {
            Present = Everything,
            LastDataReceivedMilliseconds = 600,
            LastDataSentMilliseconds = 0,
            BytesReceived = 400,
            BytesSent = 2000,
            BytesAcked = 2000 - unacknowledged,
            SendQueueBytes = unacknowledged,
        };

        Assert.Equal(new EndJudgement(kind), EndJudge.Judge(new EndFacts(end, EndRole.Server), ClosedBy.Peer));
    }

    /// <summary>Only its FIN was on its way: what is unread beside it is the peer's, who was first, or nothing.</summary>
    [Theory]
    [InlineData(1u, EndKind.PeerFirst)]
    [InlineData(0u, EndKind.ClosedFirstIdle)]
    public void Judge_FinThatMetAReset_WhoseUnreadFinItIsWasFirst(uint unread, EndKind kind)
    {
        var end = new ConnectionEnd
        {
            Present = Everything,
            LastDataReceivedMilliseconds = 5000,
            LastDataSentMilliseconds = 5000,
            BytesReceived = 400 + unread,
            BytesSent = 2000,
            BytesAcked = 2000,
            ReceiveQueueBytes = unread,
            SendQueueBytes = 1,
        };

        Assert.Equal(kind, EndJudge.Judge(new EndFacts(end, EndRole.Server), ClosedBy.Unknown).Kind);
    }

    [Theory]
    [InlineData(0u, EndKind.Other, LossCause.None)]
    [InlineData(100u, EndKind.ResetUnread, LossCause.Unknown)]
    public void Judge_KernelTooOldToSay_GuessesNothing(uint unread, EndKind kind, LossCause loss)
    {
        var facts = new EndFacts(new ConnectionEnd { ReceiveQueueBytes = unread, Present = ConnectionEndFields.Ages }, EndRole.Server);

        Assert.Equal(new EndJudgement(kind, loss, false, false), EndJudge.Judge(facts, ClosedBy.Unknown));
    }

    /// <summary>A server's side that had answered before.</summary>
    private static EndFacts Server(uint lastSent, uint lastReceived, uint unread = 0, bool isFinAcknowledged = true) => new(
        new ConnectionEnd
        {
            Present = Everything,
            LastDataSentMilliseconds = lastSent,
            LastDataReceivedMilliseconds = lastReceived,
            BytesReceived = 400 + unread,
            BytesSent = 1000,
            BytesAcked = isFinAcknowledged ? 1001u : 1000u,
            ReceiveQueueBytes = unread,
        },
        EndRole.Server);

    private static (EndKind Kind, LossCause Loss) Judge(string scene, EndRole role)
    {
        var judgement = Whole(scene, role);
        return (judgement.Kind, judgement.Loss);
    }

    private static EndJudgement Whole(string scene, EndRole role) =>
        EndJudge.Judge(CapturedEnds.Scene(scene).Facts(role)!.Value, CapturedEnds.Scene(scene).Closer(role));
}
