using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Ends;

public sealed class EndsTallyTests
{
    public static TheoryData<string> Scenes => [.. CapturedEnds.Names];

    /// <summary>Those in which every request gets its answer, or its client gives up.</summary>
    public static TheoryData<string> HealthyScenes => [.. CapturedEnds.Names.Where(static name => name.Contains("gives up") || !name.Contains("request"))];

    [Theory]
    [InlineData("request unread at close", LossCause.UnreadAtClose)]
    [InlineData("first request unread at close", LossCause.UnreadAtClose)]
    [InlineData("request after close", LossCause.AfterClose)]
    [InlineData("request after shutdown", LossCause.AfterClose)]
    [InlineData("request taken, closed without an answer", LossCause.Unanswered)]
    [InlineData("request taken, closed without an answer, client at once", LossCause.Unanswered)]
    [InlineData("first request taken, closed without an answer", LossCause.Unanswered)]
    [InlineData("TLS 1.3: request after close", LossCause.AfterClose)]
    [InlineData("TLS 1.3: request unread at close", LossCause.UnreadAtClose)]
    [InlineData("TLS 1.2 CBC: request after close", LossCause.AfterClose)]
    [InlineData("TLS 1.2 CBC: request unread at close", LossCause.UnreadAtClose)]
    [InlineData("TLS 1.2 ChaCha20: request after close", LossCause.AfterClose)]
    [InlineData("TLS 1.2 ChaCha20: request unread at close", LossCause.UnreadAtClose)]
    public void Add_BothEndsHere_OneRequestIsCountedOnceAtTheServer(string scene, LossCause cause)
    {
        var replay = new EndReplay().Both(scene).Pass(5).Scan(scene).Pass(60).Settle();

        Assert.Equal([(EndRole.Server, cause, (ushort)8080, 1L)], replay.ServerSummary.RequestsLost.Select(static lost => (lost.Role, lost.Cause, lost.Port, lost.Count)));
        Assert.Empty(replay.ClientSummary.RequestsLost);
        Assert.Equal(0, replay.ServerSummary.LossUnknown + replay.ClientSummary.LossUnknown);
        Assert.Equal(0, replay.Tally.Undecided);
        Assert.Single(replay.Told, end => end.Loss == cause);
    }

    /// <summary>All scenes idle for half a second before their last request.</summary>
    [Theory]
    [InlineData("request after close", EndRole.Server)]
    [InlineData("request after close", EndRole.Client)]
    [InlineData("request unread at close", EndRole.Server)]
    public void Add_RequestMetTheClose_IdleTimeBeforeItIsKnown(string scene, EndRole heard)
    {
        var replay = heard == EndRole.Server ? new EndReplay().Both(scene) : new EndReplay().Only(EndRole.Client, scene);
        var summary = replay.Pass(5).Scan(scene).Pass(60).Settle() is var played && heard == EndRole.Server ? played.ServerSummary : played.ClientSummary;

        var idle = Assert.Single(summary.RequestsLost).IdleBefore;
        Assert.NotNull(idle);
        Assert.InRange(idle.Value.TotalSeconds, 0.3, 1.5);
    }

    /// <summary>A server that dies says nothing of what lay in its accept queue; its client's word is enough where it is known to be here.</summary>
    [Theory]
    [InlineData(true, 1, 0)]
    [InlineData(false, 0, 1)]
    [InlineData(null, 0, 1)] // its pod is gone: the address may be another's
    public void Add_OnlyTheClientTellsOfALoss_IsCountedAtTheServerWhereThatIsOfThisNode(bool? isKnown, int atServer, int atClient)
    {
        var replay = new EndReplay();
        if (isKnown != false)
        {
            replay.Both("client closes idle").Pass(5).Settle();
        }

        replay.ServerNetwork.IsGone = isKnown is null;
        replay.Only(EndRole.Client, "request after close").Pass(5).Settle();

        Assert.Equal((atServer, atClient), (replay.ServerSummary.Lost(EndRole.Server), replay.ClientSummary.Lost(EndRole.Client)));
        Assert.Equal(0, replay.ServerSummary.Lost(EndRole.Client) + replay.ClientSummary.Lost(EndRole.Server));
    }

    /// <summary>Listening began between the two ends of a connection: the next connection tells that its server is here.</summary>
    [Theory]
    [InlineData(2, 1, 0)]
    [InlineData(5, 0, 1)]
    public void Add_OnlyTheClientTellsOfALoss_ServerIsHeardOfSoon_IsCountedThere(double seconds, int atServer, int atClient)
    {
        var replay = new EndReplay().Only(EndRole.Client, "request after close").Pass(seconds).Settle();

        replay.Both("client closes idle").Pass(5).Settle();

        Assert.Equal((atServer, atClient), (replay.ServerSummary.Lost(EndRole.Server), replay.ClientSummary.Lost(EndRole.Client)));
    }

    /// <summary>TLS on a busy machine: the server reads the client's alert and closes a second later.</summary>
    [Theory]
    [InlineData(5, 0, 0, 0, 1)]
    [InlineData(4, 0, 0, 1, 0)]
    [InlineData(0, 1, 0, 0, 1)] // one alert is enough
    [InlineData(0, 1, 1, 1, 0)] // unless TLS is hardly spoken there
    public void Add_ClosedLateAfterWhatMayBeLastWords_AtAPortOfSuchWords_IsUnknown(int words, int alerts, int plain, int lost, int unknown)
    {
        var replay = new EndReplay();
        var habit = replay.Server.Port(EndRole.Server, 8080).Habit;
        for (var i = 0; i < words; i++)
        {
            habit.SawLastWords();
        }

        for (var i = 0; i < alerts; i++)
        {
            habit.SawAlert();
        }

        for (var i = 0; i < plain; i++)
        {
            habit.SawPlain();
        }

        replay.Both("request taken, closed without an answer").Pass(5).Scan("request taken, closed without an answer").Pass(60).Settle();

        Assert.Equal((lost, unknown), (replay.ServerSummary.Lost(EndRole.Server), replay.ServerSummary.LossUnknown));
    }

    /// <summary>On a busy machine 0.1 s pass between a client's alert and its close: that port is not quiet.</summary>
    [Theory]
    [InlineData(600, true)]
    [InlineData(100, false)]
    public void Add_ClientCloses_OnlyLongAfterItsLastWord_IsAQuietClose(int sinceLastWord, bool expected)
    {
        var replay = new EndReplay();
        var end = CapturedEnds.Scene("client closes idle").InPods.First(static end => end.Role == EndRole.Client).End;

        var network = new EndsNamespace(3, replay.Client);

        replay.Tally.Add(end with { LastDataSentMilliseconds = (uint)sinceLastWord }, network, replay.Clock);
        replay.Tally.OnTimeWait(network, end.Tuple, replay.Clock);

        Assert.Equal(expected, replay.Client.Port(EndRole.Client, 8080).Habit.IsQuiet);
    }

    [Fact]
    public void Add_OnlyTheClientTellsOfALoss_ServerIsNobodyThatIsKnown_IsCountedAtTheClient()
    {
        var replay = new EndReplay().Both("client closes idle").Pass(5).Settle();
        replay.Tally.Forget(replay.Server.Identity);

        replay.Only(EndRole.Client, "request after close").Pass(5).Settle();

        Assert.Equal((0, 1), (replay.ServerSummary.Lost(EndRole.Server), replay.ClientSummary.Lost(EndRole.Client)));
    }

    [Fact]
    public void Add_ServersAreRememberedUpToABound()
    {
        var replay = new EndReplay();
        var end = CapturedEnds.Scene("client closes idle").InPods.First(static end => end.Role == EndRole.Server).End;
        for (var i = 0; i < EndsTally.MaxServers + 10; i++)
        {
            var tuple = end.Tuple with { Source = IpAddress.FromIPv4((uint)(0x0A00_0000 + i)) };
            replay.Tally.Add(end with { Tuple = tuple }, replay.ServerNetwork, replay.Clock);
        }

        Assert.Equal(EndsTally.MaxServers, replay.Tally.Servers);
        replay.ServerNetwork.IsGone = true;
        replay.Tally.ForgetServersThatAreGone();
        replay.Tally.Add(end, replay.ServerNetwork, replay.Clock);
        Assert.Equal(0, replay.Tally.Servers);
    }

    /// <summary>Whether it was the first on its connection, and how long it had waited, tells requests from port scans.</summary>
    [Fact]
    public void Summary_FirstRequestsWithoutAnAnswer_TellHowLongTheyWaitedAndWhetherThePortAnswers()
    {
        var replay = new EndReplay().Both("first request taken, closed without an answer").Pass(5).Settle();
        var silent = Assert.Single(replay.ServerSummary.RequestsLost).First!;
        Assert.Equal((1L, false, false), (silent.Count, silent.IsOneAge, silent.PortAnswers));
        Assert.InRange(silent.Waited.TotalSeconds, 0.1, 2);

        replay.Both("request taken, closed without an answer").Pass(5).Settle();
        var answers = Assert.Single(replay.ServerSummary.RequestsLost);
        Assert.Equal((2L, 1L, true), (answers.Count, answers.First!.Count, answers.First.PortAnswers));
    }

    /// <summary>Its alert is younger than its request: only its own message, which comes first, tells that it had gone.</summary>
    [Theory]
    [InlineData("TLS 1.3")]
    [InlineData("TLS 1.2")]
    [InlineData("TLS 1.2 CBC")]
    [InlineData("TLS 1.2 ChaCha20")]
    public void Add_TlsClientLeftBeforeTheServerReadItsRequest_NothingIsLost(string tls)
    {
        var replay = new EndReplay().Both($"{tls}: client notifies and leaves, its request unread").Pass(60).Settle();

        Assert.Empty(replay.ServerSummary.RequestsLost);
        Assert.Equal((1L, 0L), (replay.ServerSummary.Server[EndKind.Abandoned], replay.ServerSummary.LossUnknown));
    }

    /// <summary>From another node this looks as if its request had been lost: at a port whose clients say last words it is not known.</summary>
    [Fact]
    public void Add_UnreadAtAPortOfLastWords_ClientElsewhere_IsUnknown_HereItIsCounted()
    {
        var elsewhere = new EndReplay();
        var here = new EndReplay();
        for (var i = 0; i < 3; i++)
        {
            elsewhere.Server.Port(EndRole.Server, 8080).Habit.SawLastWords();
            here.Server.Port(EndRole.Server, 8080).Habit.SawLastWords();
        }

        elsewhere.Only(EndRole.Server, "TLS 1.3: request unread at close").Pass(60).Settle();
        here.Both("TLS 1.3: request unread at close").Pass(60).Settle();

        Assert.Equal((0, 1L), (elsewhere.ServerSummary.RequestsLost.Length, elsewhere.ServerSummary.LossUnknown));
        Assert.Equal(1L, Assert.Single(here.ServerSummary.RequestsLost).Count);
        Assert.Equal(0L, here.ServerSummary.LossUnknown);
    }

    /// <summary>
    /// The client's alert met the close. Where the server says alerts itself, something so short is one; with CBC a request may be as long.
    /// </summary>
    [Theory]
    [InlineData("TLS 1.3", true, 0)]
    [InlineData("TLS 1.2", true, 0)]
    [InlineData("TLS 1.2 ChaCha20", true, 0)]
    [InlineData("TLS 1.2 CBC", false, 1)]
    [InlineData("TLS 1.3", false, 1)]
    public void Add_TlsClientSaysItsAlertToAServerThatHasClosed_IsNoLossWhereTheServerSaysAlerts(string tls, bool isKnown, long unknown)
    {
        var replay = new EndReplay();
        if (isKnown)
        {
            replay.Both($"{tls}: server notifies and closes, client closes").Pass(5).Scan($"{tls}: server notifies and closes, client closes").Pass(60).Settle();
        }

        var scene = $"{tls}: server notifies and closes, client notifies and closes";
        replay.Both(scene).Pass(5).Scan(scene).Pass(60).Settle();
        Assert.Equal((0L, unknown), (replay.ServerSummary.Lost(EndRole.Server), replay.ServerSummary.LossUnknown));

        replay.Both($"{tls}: request after close").Pass(60).Settle();
        Assert.Equal(1, replay.ServerSummary.Lost(EndRole.Server));
    }

    [Fact]
    public void Add_RequestTakenAndNotAnswered_IdleTimeBeforeItIsNoMatter() => Assert.Null(
        Assert.Single(new EndReplay().Both("request taken, closed without an answer").Pass(60).Settle().ServerSummary.RequestsLost).IdleBefore);

    [Fact]
    public void Add_ServerClosesIdle_ClientsSideCountsWhenThatWas()
    {
        var summary = new EndReplay().Only(EndRole.Client, "server closes idle, client at once").Pass(10).Scan("server closes idle, client at once").Pass(60).Settle().ClientSummary;

        var closes = Assert.Single(summary.PeerIdleCloses);
        Assert.Equal((8080, 1L), (closes.Port, closes.Count));
        Assert.InRange(closes.Median.TotalSeconds, 0.3, 1.5);
        Assert.Empty(summary.IdleCloses);
    }

    [Fact]
    public void Add_ClientClosesIdle_IsNoCloseOfItsPeer() => Assert.Empty(
        new EndReplay().Both("client closes idle, server reads the end of file").Pass(60).Settle().ClientSummary.PeerIdleCloses);

    [Fact]
    public void Add_NothingTellsWhichSideItWas_NoLossIsCountedAsKnown()
    {
        var replay = new EndReplay();
        var captured = CapturedEnds.Scene("request after close").Ends.First(static end => end.Role == EndRole.Client).End;
        var tuple = new ConnectionTuple(captured.Tuple.Source, captured.Tuple.Destination, 40000, 40001);
        replay.Tally.Add(captured with { Tuple = tuple }, replay.ServerNetwork, replay.Clock);

        var summary = replay.Pass(60).Settle().ServerSummary;

        Assert.Empty(summary.RequestsLost);
        Assert.Equal(1, summary.LossUnknown);
    }

    /// <summary>A server that listens at a high port since after the last scan: the next one tells what it was.</summary>
    [Fact]
    public void OnListeners_ServerAtANewHighPort_IsNotTakenForAClient()
    {
        var replay = new EndReplay();
        var captured = CapturedEnds.Scene("server closes idle, client at once").Ends.First(static end => end.Role == EndRole.Server).End;
        var end = captured with { Tuple = new(captured.Tuple.Source, captured.Tuple.Destination, 40000, 40001) };
        replay.Tally.Add(end, replay.ServerNetwork, replay.Clock);
        Assert.Equal((1, 0), (replay.Tally.Undecided, replay.Told.Count));

        replay.Pass(10);
        replay.ServerNetwork.AddListener(40000, replay.Server);
        replay.Tally.OnListeners(replay.ServerNetwork, replay.Clock);
        replay.Pass(1).Settle();

        Assert.Equal((1L, 0L), (replay.ServerSummary.Server.Total, replay.ServerSummary.Client.Total));
        Assert.Equal(replay.Clock.Utc - TimeSpan.FromSeconds(11), Assert.Single(replay.Told).At);
    }

    /// <summary>A TIME_WAIT has been removed, by a reset for example: both sides have got the other's FIN, and nothing tells whose was first.</summary>
    [Fact]
    public void Settle_BothEndsHereAndNeitherInTimeWait_NobodyIsSaidToHaveClosedFirst()
    {
        var replay = new EndReplay().Both("server shuts down idle, then closes");
        Assert.Equal(2, replay.Tally.Undecided);

        replay.Pass(1).ServerNetwork.DumpedAt = replay.Now;
        replay.Tally.Settle(replay.Clock, canLookUp: false);
        Assert.Empty(replay.Told);
        replay.Pass(1).Settle();

        Assert.Equal([EndKind.Other, EndKind.Other], replay.Told.Select(static end => end.Kind));
    }

    /// <summary>The client's pod is gone with its sockets: the server's side alone tells.</summary>
    [Fact]
    public void Settle_NotInTimeWaitAndTheOtherSideIsGone_TheOtherClosedFirst()
    {
        var replay = new EndReplay().Both("server shuts down idle, then closes");
        replay.ClientNetwork.IsGone = true;

        replay.Pass(1).ServerNetwork.DumpedAt = replay.Now;
        replay.Tally.Settle(replay.Clock, canLookUp: false);

        Assert.Equal(1, replay.ServerSummary.Server[EndKind.PeerFirst]);
    }

    /// <summary>The scan that tells what it was has dumped the sockets before: of its TIME_WAIT nobody was told.</summary>
    [Fact]
    public void OnListeners_AfterADump_TheNextDumpTellsWhoClosedFirst()
    {
        var replay = new EndReplay();
        var captured = CapturedEnds.Scene("server closes idle").Ends.First(static end => end.Role == EndRole.Server).End;
        var end = captured with { Tuple = new(captured.Tuple.Source, captured.Tuple.Destination, 40000, 40001) };
        replay.Tally.Add(end, replay.ServerNetwork, replay.Clock);

        replay.Pass(1).Tally.OnTimeWait(replay.ServerNetwork, end.Tuple, replay.Clock);
        replay.ServerNetwork.DumpedAt = replay.Now;
        replay.Pass(0.1).ServerNetwork.AddListener(40000, replay.Server);
        replay.Tally.OnListeners(replay.ServerNetwork, replay.Clock);
        replay.Tally.Settle(replay.Clock, canLookUp: false);
        Assert.Empty(replay.Told);

        replay.Pass(1).Tally.OnTimeWait(replay.ServerNetwork, end.Tuple, replay.Clock);
        replay.Settle();
        Assert.Equal(EndKind.ClosedFirstIdle, Assert.Single(replay.Told).Kind);
    }

    [Fact]
    public void Add_MoreOfUnknownRoleThanWait_OldestIsGuessed_EveryOneIsCounted()
    {
        const int extra = 10;
        var replay = new EndReplay();
        var captured = CapturedEnds.Scene("server closes idle, client at once").Ends.First(static end => end.Role == EndRole.Server).End;
        for (var i = 0; i < EndsTally.MaxOfUnknownRole + extra; i++)
        {
            var end = captured with { Tuple = new(captured.Tuple.Source, captured.Tuple.Destination, 40000, (ushort)(41000 + i)) };
            replay.Tally.Add(end, replay.ServerNetwork, replay.Clock);
        }

        Assert.Equal(extra, replay.Told.Count + (replay.Tally.Undecided - EndsTally.MaxOfUnknownRole));
        replay.Tally.Finish(replay.Clock);
        Assert.Equal(EndsTally.MaxOfUnknownRole + extra, replay.Told.Count);
        Assert.Equal(0, replay.Tally.Undecided);
    }

    [Theory]
    [MemberData(nameof(HealthyScenes))]
    public void Add_NobodyLostARequest_NothingIsLost(string scene)
    {
        var replay = new EndReplay().Both(scene).Pass(5).Scan(scene).Pass(60).Settle();

        Assert.Empty(replay.ServerSummary.RequestsLost);
        Assert.Empty(replay.ClientSummary.RequestsLost);
        Assert.Equal(0, replay.Tally.Undecided);
    }

    [Theory]
    [MemberData(nameof(HealthyScenes))]
    public void Add_NobodyLostARequest_NothingIsLostWhicheverSideIsHeard(string scene)
    {
        foreach (var role in new[] { EndRole.Server, EndRole.Client })
        {
            var replay = new EndReplay().Only(role, scene).Pass(5).Scan(scene).Pass(60).Settle();

            Assert.Empty(replay.ServerSummary.RequestsLost);
            Assert.Empty(replay.ClientSummary.RequestsLost);
            Assert.Equal(0, replay.Tally.Undecided);
        }
    }

    [Theory]
    [MemberData(nameof(Scenes))]
    public void Add_EveryEnd_IsCountedAndToldOnce(string scene)
    {
        var replay = new EndReplay().Both(scene).Pass(5).Scan(scene).Pass(60).Settle();

        var ends = CapturedEnds.Scene(scene).Ends;
        Assert.Equal(ends.Count(static end => end.Role == EndRole.Server), replay.ServerSummary.Server.Total);
        Assert.Equal(ends.Count(static end => end.Role == EndRole.Client), replay.ClientSummary.Client.Total);
        Assert.Equal(ends.Count, replay.Told.Count(static end => !end.IsCorrection));
        Assert.Equal(0, replay.ServerSummary.Client.Total + replay.ClientSummary.Server.Total);
    }

    [Theory]
    [InlineData("server closes idle", EndKind.ClosedFirstIdle, EndKind.PeerFirst)]
    [InlineData("client closes idle, server reads the end of file", EndKind.PeerFirst, EndKind.ClosedFirstIdle)]
    [InlineData("client gives up, server reads the end of file", EndKind.Abandoned, EndKind.Abandoned)]
    [InlineData("request after close", EndKind.ClosedFirstIdle, EndKind.ResetReceived)]
    public void Add_BothEndsHere_NoScanIsNeededToKnowWhoClosedFirst(string scene, EndKind server, EndKind client)
    {
        var replay = new EndReplay().Both(scene);

        Assert.Equal(0, replay.Tally.Undecided);
        Assert.Equal((1, 1), (replay.ServerSummary.Server[server], replay.ClientSummary.Client[client]));
    }

    [Theory]
    [InlineData("server closes idle", EndKind.ClosedFirstIdle)]
    [InlineData("server closes idle, client at once", EndKind.ClosedFirstIdle)]
    [InlineData("client closes idle, server reads the end of file", EndKind.PeerFirst)]
    public void Scan_ClientElsewhere_TimeWaitTellsWhoClosedFirst(string scene, EndKind kind)
    {
        var replay = new EndReplay().Only(EndRole.Server, scene);
        Assert.Equal(1, replay.Tally.Undecided);

        replay.Pass(10).Scan(scene);

        Assert.Equal(1, replay.ServerSummary.Server[kind]);
    }

    [Theory]
    [InlineData("server closes idle, client at once", true, EndKind.ClosedFirstIdle)]
    [InlineData("client closes idle, server reads the end of file", false, EndKind.PeerFirst)]
    public void Ask_SocketLookedFor_NoDumpIsNeeded(string scene, bool isInTimeWait, EndKind kind)
    {
        var replay = new EndReplay().Only(EndRole.Server, scene).Both("request unread at close");
        var questions = new EndQuestion[10];

        Assert.Equal(1, replay.Tally.Ask(questions));
        Assert.Equal(replay.ServerNetwork.Id, questions[0].NamespaceId);
        replay.Tally.OnSocket(questions[0].Id, isInTimeWait, replay.Clock);
        replay.Tally.Settle(replay.Clock, canLookUp: false);

        Assert.Equal(1, replay.ServerSummary.Server[kind]);
        Assert.Equal(0, replay.Tally.Ask(questions));
    }

    [Fact]
    public void Ask_NotInTimeWait_LookUpStillToCome_IsNotAskedAgain()
    {
        var replay = new EndReplay().Only(EndRole.Server, "server closes idle");
        var questions = new EndQuestion[1];
        replay.Tally.Ask(questions);

        replay.Tally.OnSocket(questions[0].Id, isInTimeWait: false, replay.Clock);
        replay.Tally.Settle(replay.Clock, canLookUp: true);

        Assert.Equal((1, 0), (replay.Tally.Undecided, replay.Tally.Ask(questions)));
    }

    [Fact]
    public void Settle_DumpBeganBeforeTheEnd_TellsNothing()
    {
        var replay = new EndReplay();
        replay.ServerNetwork.DumpedAt = replay.Now - TimeSpan.FromSeconds(1);
        replay.Only(EndRole.Server, "server closes idle");

        replay.Tally.Settle(replay.Clock, canLookUp: false);

        Assert.Equal(1, replay.Tally.Undecided);
    }

    [Fact]
    public void Settle_NobodyCanTellAnyMore_IsOther()
    {
        var replay = new EndReplay().Only(EndRole.Server, "server closes idle").Pass(56).Settle();

        Assert.Equal(1, replay.ServerSummary.Server[EndKind.Other]);
        Assert.Empty(replay.ServerSummary.IdleCloses);
    }

    [Fact]
    public void Scan_ServerTookTheRequestAndClosed_ClientElsewhere_IsUnanswered()
    {
        const string Scene = "request taken, closed without an answer, client at once";

        var replay = new EndReplay().Only(EndRole.Server, Scene).Pass(5).Scan(Scene);

        Assert.Equal(1, replay.ServerSummary.Lost(EndRole.Server));
    }

    [Theory]
    [InlineData("request unread at close", LossCause.UnreadAtClose)]
    [InlineData("request after close", LossCause.AfterClose)]
    [InlineData("first request unread at close", LossCause.UnreadAtClose)]
    public void Add_ServerElsewhere_TheClientsPodLostIt(string scene, LossCause cause)
    {
        var replay = new EndReplay();
        for (var i = 0; i < 3; i++)
        {
            // The port's clients close without a word.
            replay.Only(EndRole.Client, "server closes idle, client at once").Pass(2).Scan("server closes idle, client at once");
        }

        replay.Only(EndRole.Client, scene);
        Assert.Equal(0, replay.ClientSummary.Lost(EndRole.Client));
        replay.Pass(EndsTally.UnknownServerPatience.TotalSeconds).Settle();

        Assert.Equal([(EndRole.Client, cause, (ushort)8080, 1L)], replay.ClientSummary.RequestsLost.Select(static lost => (lost.Role, lost.Cause, lost.Port, lost.Count)));
    }

    /// <summary>
    /// The server's side ended before anybody listened: that it is here is known from the scan. Its pod lost the request, not the client's,
    /// which would be blamed for what it calls. An address that two namespaces have says nothing.
    /// </summary>
    [Theory]
    [InlineData(false, true, 1, 0)]
    [InlineData(true, true, 0, 1)]
    [InlineData(false, false, 0, 1)]
    public void Add_ServerHere_EndedBeforeListeningBegan_ItsPodLostIt(bool isThereTwice, bool isListening, int ofServer, int ofClient)
    {
        const string Quiet = "server closes idle, client at once";
        var replay = new EndReplay();
        for (var i = 0; i < 3; i++)
        {
            // The port's clients close without a word.
            replay.Only(EndRole.Client, Quiet).Pass(2).Scan(Quiet);
        }

        var network = isListening ? replay.ServerNetwork : new EndsNamespace(7, replay.Server);
        replay.Tally.NoteAddresses(network, [CapturedScene.ServerAddress]);
        if (isThereTwice)
        {
            replay.Tally.NoteAddresses(new EndsNamespace(8, replay.Client), [CapturedScene.ServerAddress]);
        }

        replay.Only(EndRole.Client, "first request unread at close").Pass(EndsTally.UnknownServerPatience.TotalSeconds).Settle();

        Assert.Equal((ofServer, ofClient), ((int)replay.ServerSummary.Lost(EndRole.Server), (int)replay.ClientSummary.Lost(EndRole.Client)));
    }

    [Fact]
    public void NoteAddresses_OfANamespaceThatIsGone_AreThoseOfTheNext()
    {
        var replay = new EndReplay();
        replay.Tally.NoteAddresses(new EndsNamespace(8, replay.Client) { IsGone = true }, [CapturedScene.ServerAddress]);
        replay.Tally.NoteAddresses(replay.ServerNetwork, [CapturedScene.ServerAddress]);

        replay.Only(EndRole.Client, "first request unread at close").Pass(EndsTally.UnknownServerPatience.TotalSeconds).Settle();

        Assert.Equal(1, replay.ServerSummary.Lost(EndRole.Server));
    }

    [Fact]
    public void NoteAddresses_OfTwoNamespacesUntilOneIsGone_AreThoseOfTheOther()
    {
        var replay = new EndReplay();
        var before = new EndsNamespace(8, replay.Client);
        replay.Tally.NoteAddresses(before, [CapturedScene.ServerAddress]);
        replay.Tally.NoteAddresses(replay.ServerNetwork, [CapturedScene.ServerAddress]);
        before.IsGone = true;

        replay.Tally.ForgetServersThatAreGone();
        replay.Tally.NoteAddresses(replay.ServerNetwork, [CapturedScene.ServerAddress]);
        replay.Only(EndRole.Client, "first request unread at close").Pass(EndsTally.UnknownServerPatience.TotalSeconds).Settle();

        Assert.Equal(1, replay.ServerSummary.Lost(EndRole.Server));
    }

    [Fact]
    public void Add_ServerElsewhereClosedWithoutAnAnswer_AfterALookUp_IsUnanswered()
    {
        const string Scene = "request taken, closed without an answer";
        var replay = new EndReplay().Only(EndRole.Client, Scene).Pass(3);

        Assert.Equal(1, replay.LookUp(TcpConntrackState.TimeWait, ClosedBy.Peer));

        Assert.Equal(1, replay.ClientSummary.Lost(EndRole.Client));
    }

    [Fact]
    public void Scan_ServerElsewhereClosedWithoutAnAnswer_OnlyTimeWaitMissing_IsUnknown()
    {
        // A client that gave up and was reset later is not in TIME_WAIT either.
        var replay = new EndReplay().Only(EndRole.Client, "request taken, closed without an answer").Pass(5).Settle().Pass(5).Settle();

        Assert.Empty(replay.ClientSummary.RequestsLost);
        Assert.Equal(1, replay.ClientSummary.LossUnknown);
    }

    [Fact]
    public void Add_IdleClose_ItsTimeIsInTheHistogram()
    {
        var replay = new EndReplay().Both("server closes idle").Both("client closes idle").Both("server answers and closes").Pass(1).Scan("server answers and closes");

        var idle = Assert.Single(replay.ServerSummary.IdleCloses);
        Assert.Equal(((ushort)8080, 1L), (idle.Port, idle.Count));
        Assert.InRange(idle.Median, TimeSpan.FromMilliseconds(500), TimeSpan.FromMilliseconds(600));
        Assert.Empty(replay.ClientSummary.IdleCloses);
    }

    /// <summary>A busy server closes by its time-out what a request has just come on: no idle close, but it tells the age.</summary>
    [Fact]
    public void Add_RequestUnreadAtClose_TellsTheAgeAndCountsAsNoIdleClose()
    {
        var idle = Assert.Single(new EndReplay().Both("request unread at close").Pass(1).Settle().ServerSummary.IdleCloses);

        Assert.Equal(0, idle.Count);
        Assert.InRange(Assert.Single(idle.Events).Typical, TimeSpan.FromMilliseconds(500), TimeSpan.FromMilliseconds(700));
    }

    /// <summary>A proxy has both legs: what it accepted, and what it opened to the server behind it.</summary>
    [Theory]
    [InlineData(0.01, 0UL, 1)]
    [InlineData(2, 0UL, 0)] // not at one moment
    [InlineData(0.01, 300UL, 0)] // not the same bytes: a pool, whose connections have nothing to do with one another
    public void Add_ServerBehindClosedTheOtherLeg_IdleCloseWasPassedOn(double secondsBetween, ulong moreBytes, long passedOn)
    {
        var replay = new EndReplay();
        var ends = CapturedEnds.Scene("server closes idle").Ends;
        var behind = ends.First(static end => end.Role == EndRole.Client).End;
        behind = behind with
        {
            BytesReceived = behind.BytesReceived + moreBytes,
            Tuple = behind.Tuple with { SourcePort = 50_001, DestinationPort = 9000 },
        };
        replay.Tally.Add(behind, replay.ServerNetwork, replay.Clock);
        replay.Pass(secondsBetween);
        replay.Tally.Add(ends.First(static end => end.Role == EndRole.Server).End, replay.ServerNetwork, replay.Clock);
        replay.Tally.OnTimeWait(replay.ServerNetwork, ends.First(static end => end.Role == EndRole.Server).End.Tuple, replay.Clock);
        replay.Pass(1).Settle();

        var idle = Assert.Single(replay.ServerSummary.IdleCloses);
        Assert.Equal((1L, passedOn, passedOn == 0 ? 1 : 0), (idle.Count, idle.PassedOn, idle.Events.Length));
    }

    /// <summary>A dump of sockets tells who closed first of all ends since the last one: of one namespace before those of another.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Add_ServersBehindClosedManyLegs_AreAllPassedOn_InWhateverOrderTheyAreTold(bool isServerFirst)
    {
        const int Connections = 120;
        var replay = new EndReplay();
        var behind = new EndsNamespace(3, replay.Client);
        behind.AddListener(9000, replay.Client);
        var ends = CapturedEnds.Scene("server closes idle").Ends;
        var (client, server) = (ends.First(static end => end.Role == EndRole.Client).End, ends.First(static end => end.Role == EndRole.Server).End);
        List<ConnectionTuple> fronts = [], backs = [];
        for (var i = 0; i < Connections; i++)
        {
            ConnectionTuple leg = new(IpAddress.FromIPv4(0x0A00_0001), IpAddress.FromIPv4(0x0A00_0002), (ushort)(50_000 + i), 9000);
            fronts.Add(server.Tuple with { DestinationPort = (ushort)(30_000 + i) });
            backs.Add(new(leg.Destination, leg.Source, leg.DestinationPort, leg.SourcePort));
            replay.Tally.Add(client with { Tuple = leg }, replay.ServerNetwork, replay.Clock);
            replay.Tally.Add(server with { Tuple = backs[i] }, behind, replay.Clock);
            replay.Tally.Add(server with { Tuple = fronts[i] }, replay.ServerNetwork, replay.Clock);
            replay.Pass(0.3);
        }

        replay.Tally.Settle(replay.Clock, canLookUp: false);
        foreach (var isServer in (bool[])[isServerFirst, !isServerFirst])
        {
            var (network, tuples) = isServer ? (behind, backs) : (replay.ServerNetwork, fronts);
            foreach (var tuple in Enumerable.Reverse(tuples))
            {
                replay.Tally.OnTimeWait(network, tuple, replay.Clock);
            }
        }

        var idle = Assert.Single(replay.ServerSummary.IdleCloses, static idle => idle.Port == 8080);
        Assert.Equal((Connections, Connections, 0), (idle.Count, idle.PassedOn, idle.Events.Length));
    }

    [Fact]
    public void Add_AddressOfTheServerTranslated_TheEndsAreFoundByTheirBytes()
    {
        var replay = new EndReplay();
        var client = new EndsNamespace(2, replay.Client);
        var service = IpAddress.FromIPv4(0x0A60_0001);
        foreach (var (role, end) in CapturedEnds.Scene("request after close").InPods)
        {
            var seen = role == EndRole.Client ? end with { Tuple = new(end.Tuple.Source, service, end.Tuple.SourcePort, 80) } : end;
            replay.Tally.Add(seen, role == EndRole.Server ? replay.ServerNetwork : client, replay.Clock);
        }

        Assert.Equal((1, 0), (replay.ServerSummary.Lost(EndRole.Server), replay.ClientSummary.Lost(EndRole.Client)));
    }

    [Fact]
    public void Add_SameLoopbackPortsInTwoNamespaces_AreTwoConnections()
    {
        var replay = new EndReplay();
        var other = new EndsNamespace(3, replay.Client);
        var ends = CapturedEnds.Scene("request after close").Ends;

        replay.Tally.Add(ends.First(static end => end.Role == EndRole.Server).End, replay.ServerNetwork, replay.Clock);
        replay.Tally.Add(ends.First(static end => end.Role == EndRole.Client).End, other, replay.Clock);

        Assert.Equal(0, replay.ServerSummary.Lost(EndRole.Server));
    }

    [Fact]
    public void Add_MoreThanAreRemembered_OldestIsGivenUp_AndEveryEndIsCounted()
    {
        var replay = new EndReplay();
        var end = CapturedEnds.Scene("server closes idle").Ends.First(static end => end.Role == EndRole.Server).End;
        const int Extra = 1000;
        for (var i = 0; i < EndsTally.MaxRemembered + Extra; i++)
        {
            replay.Tally.Add(end with { Tuple = end.Tuple with { Destination = IpAddress.FromIPv4(0x0A00_0000 + (uint)i) } }, replay.ServerNetwork, replay.Clock);
        }

        Assert.Equal((Extra, EndsTally.MaxRemembered), (replay.ServerSummary.Server[EndKind.Other], replay.Tally.Undecided));
        replay.Pass(1).Settle();
        Assert.Equal(EndsTally.MaxRemembered + Extra, replay.ServerSummary.Server.Total);
    }

    /// <summary>Somebody makes many connections from one port: they must not make each further end as dear as all of them.</summary>
    [Theory]
    [InlineData(20, true)]
    [InlineData(200, false)]
    public void Add_ManyEndsOfOneClientPort_OtherEndIsLookedForAmongTheLastOnly(int between, bool isFound)
    {
        var replay = new EndReplay();
        var (server, client) = CapturedEnds.Scene("server closes idle").InPods.ToArray() is [var one, var other] && one.Role == EndRole.Server
            ? (one.End, other.End)
            : throw new InvalidOperationException("the scene has other ends");
        replay.Tally.Add(server, replay.ServerNetwork, replay.Clock);
        for (var i = 0; i < between; i++)
        {
            var tuple = server.Tuple with { Source = IpAddress.FromIPv4(0x0A00_0000 + (uint)i) };
            replay.Tally.Add(server with { Tuple = tuple, BytesReceived = 5000 }, replay.ServerNetwork, replay.Clock);
        }

        var before = replay.Tally.Undecided;
        replay.Tally.Add(client, new EndsNamespace(3, replay.Client), replay.Clock);

        // The joined pair knows who closed first.
        Assert.Equal(isFound, replay.Tally.Undecided == before - 1);
    }

    [Fact]
    public void Add_AllocatesNothing()
    {
        var tally = new EndsTally();
        var pod = tally.PodOf(PodIdentity.Host);
        var network = new EndsNamespace(1, pod);
        network.AddListener(8080, pod);
        var ends = CapturedEnds.Names.SelectMany(static name => CapturedEnds.Scene(name).Ends).Select(static end => end.End).ToArray();
        var now = new EndClock(TimeSpan.FromHours(1), DateTimeOffset.UnixEpoch);
        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            Fill();
            tally.Settle(now, canLookUp: true);
        }));

        void Fill()
        {
            for (var i = 0; i < EndsTally.MaxRemembered + 100; i++)
            {
                now = now with { Monotonic = now.Monotonic + TimeSpan.FromMilliseconds(1) };
                tally.Add(ends[i % ends.Length], network, now);
                tally.OnTimeWait(network, ends[i % ends.Length].Tuple, now);
            }
        }
    }

    [Fact]
    public void Forget_PodThatIsGone_StartsAnew()
    {
        var replay = new EndReplay().Both("server closes idle");

        replay.Tally.Forget(replay.Server.Identity);

        Assert.NotSame(replay.Server, replay.Tally.PodOf(replay.Server.Identity));
    }
}
