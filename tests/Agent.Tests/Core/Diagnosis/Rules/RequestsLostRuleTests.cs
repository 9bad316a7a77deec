using System.Globalization;
using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Xunit;

namespace Agent.Tests.Core.Diagnosis.Rules;

public sealed class RequestsLostRuleTests
{
    private static readonly RequestsLostRule s_rule = new();

    private static LostRequests Lost(
        long count, LossCause cause = LossCause.Unanswered, EndRole role = EndRole.Server, ushort port = 8080, double minutesAgo = 1) =>
        new(role, cause, port, count, Given.Noon - TimeSpan.FromMinutes(minutesAgo));

    private static PodSnapshot Pod(params LostRequests[] lost) => Given.Serving() with { Ends = Given.Ends(lost) };

    private static DiagnosisContext Context(params LostRequests[] lost) => Given.Alone(Given.Node(Pod(lost)));

    [Theory]
    [InlineData(0, null)]
    [InlineData(1, Severity.Info)]
    [InlineData(2, Severity.Warning)]
    [InlineData(4, Severity.Warning)]
    [InlineData(5, Severity.Critical)]
    public void Lost_ByHowMany(long count, Severity? expected) =>
        Assert.Equal(expected, s_rule.Evaluate(Context(Lost(count)), []).FirstOrDefault()?.Severity);

    [Theory]
    [InlineData(EndRole.Server, LossCause.Unanswered, "took them and closed the connection without an answer (port 8080)")]
    [InlineData(EndRole.Server, LossCause.UnreadAtClose, "lay unread when it closed the connection (port 8080)")]
    [InlineData(EndRole.Server, LossCause.AfterClose, "came when it had just closed the connection (port 8080)")]
    [InlineData(EndRole.Client, LossCause.AfterClose, "what it calls at port 8080 answered them with a reset")]
    [InlineData(EndRole.Client, LossCause.Unanswered, "what it calls at port 8080 took them and closed")]
    public void Lost_Title_SaysWhoHowManyHowAndWhere(EndRole role, LossCause cause, string how)
    {
        var finding = Assert.Single(s_rule.Evaluate(Context(Lost(3, cause, role)), []));

        Assert.StartsWith("shop/web lost 3 requests in ", finding.Title, StringComparison.Ordinal);
        Assert.Contains(how, finding.Title, StringComparison.Ordinal);
        Assert.Contains("the last at 2026-11-21 11:59:00 UTC.", finding.Evidence[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Lost_KnownIdleTimeAndEnds_AreEvidence()
    {
        var ends = Given.Ends(Lost(9, LossCause.AfterClose, EndRole.Client, 5432) with { IdleBefore = TimeSpan.FromSeconds(61) });
        var counts = EndCounts.None.Counts.SetItem((int)EndKind.PeerFirst, 91).SetItem((int)EndKind.ResetReceived, 9);
        var pod = Given.Serving() with { Ends = ends with { Client = new(counts) } };

        var finding = Assert.Single(s_rule.Evaluate(Given.Alone(Given.Node(pod)), []));

        Assert.Contains("idle for about 1m01s", finding.Evidence[0], StringComparison.Ordinal);
        Assert.Equal("100 connections that it opened ended meanwhile, 9% of them with a lost request.", finding.Evidence[1]);
    }

    /// <summary>Port scans, slow phones, senders of logs: nobody can say that a request was lost.</summary>
    [Theory]
    [InlineData("logs, which want no answer", 8080, 4.0, true, false, "nginx", Severity.Info)]
    [InlineData("headers that never end", 8080, 60.0, true, true, "nginx", Severity.Info)]
    [InlineData("HTTP to a database", 6379, 0.001, false, true, "redis-server", Severity.Info)]
    [InlineData("hosts that nginx does not know (return 444)", 8080, 0.001, false, true, "nginx", Severity.Info)]
    [InlineData("an application beside its nginx", 8080, 0.001, false, true, "nginx node", Severity.Critical)]
    [InlineData("nginx that died amid requests", 8080, 0.5, false, true, "nginx", Severity.Critical)]
    [InlineData("a worker that is killed when it takes too long", 8080, 30.0, true, true, "gunicorn", Severity.Critical)]
    [InlineData("a crash, at any age", 8080, 3.0, false, true, "node", Severity.Critical)]
    [InlineData("an error path that closes at once", 8080, 0.001, true, true, "node", Severity.Critical)]
    [InlineData("a database that died amid its queries", 6379, 0.5, false, true, "redis-server", Severity.Critical)]
    public void Unanswered_FirstOnTheirConnections_AsSureAsTheEvidence(
        string why, ushort port, double waited, bool isOneAge, bool portAnswers, string program, Severity expected)
    {
        Assert.NotEmpty(why);
        var lost = Lost(9, port: port) with { First = new(9, TimeSpan.FromSeconds(waited), isOneAge, portAnswers) };
        var pod = Pod(lost) with { Programs = [.. program.Split(' ')] };

        var finding = Assert.Single(s_rule.Evaluate(Given.Alone(Given.Node(pod)), []));

        Assert.Equal(expected, finding.Severity);
        Assert.Equal(expected == Severity.Critical, finding.Title.Contains(" lost 9 requests in ", StringComparison.Ordinal));
    }

    [Fact]
    public void Unanswered_ConnectionsThatHadBeenAnsweredAreCutToo_TheOthersAreNoScans()
    {
        var lost = Lost(9) with { First = new(8, TimeSpan.FromSeconds(30), true, true) };

        Assert.Equal(Severity.Critical, Assert.Single(s_rule.Evaluate(Context(lost), [])).Severity);
    }

    /// <summary>An idle time-out is known after some closes: until then a running agent waits, but not for long.</summary>
    [Theory]
    [InlineData(null, 0)]
    [InlineData(0.1, 0)] // not idle
    [InlineData(5.9, 60)]
    [InlineData(40.0, 150)] // three closes, and two scans
    [InlineData(600.0, 180)]
    public void Lost_OnIdleConnections_WaitForTheirCauseByItsTime(double? idleBefore, double seconds)
    {
        var lost = Lost(9, LossCause.UnreadAtClose) with { IdleBefore = idleBefore is { } idle ? TimeSpan.FromSeconds(idle) : null };

        var finding = Assert.Single(s_rule.Evaluate(Given.InTurn(Given.Node(Pod()), Given.Node(Pod(lost))), []));

        Assert.Equal((Severity.Critical, seconds), (finding.Severity, finding.Patience.TotalSeconds));
    }

    /// <summary>A crash loop is known after some crashes, of which scans see only some: by another listener (a number), or by none (a dash).</summary>
    [Theory]
    [InlineData("0 0 0", 0)]
    [InlineData("5 5 5", 0)] // replaced before all that
    [InlineData("0 0 1", 60)]
    [InlineData("0 -", 60)]
    [InlineData("0 - - - - -", 60)] // it stays away
    [InlineData("0 - - 1 1", 60)] // one crash
    [InlineData("0 1 1 2", 180)]
    [InlineData("? 2", 180)] // the first scan has nothing to compare with
    [InlineData("0 - 1 -", 180)]
    public void Lost_WhereTheServerEnds_WaitForACrashLoopThatForms(string scans, double seconds)
    {
        var listeners = scans.Split(' ').Select(static word => word == "-" ? null : Given.Listener() with { Restarts = word == "?" ? null : long.Parse(word, CultureInfo.InvariantCulture) });
        var nodes = listeners.Select(static listener => Given.Node(Pod(Lost(9)) with { Listeners = listener is null ? [] : [listener] })).ToArray();
        nodes[0] = nodes[0] with { Pods = [nodes[0].Pods[0] with { Ends = Given.Ends() }] };

        var finding = Assert.Single(s_rule.Evaluate(Given.InTurn(nodes), []));

        Assert.Equal(seconds, finding.Patience.TotalSeconds);
    }

    [Theory]
    [InlineData(1.9, 1)]
    [InlineData(2.1, 0)]
    public void Lost_TwoMinutesAfterTheLastOne_IsOver(double minutesAgo, int expected) =>
        Assert.Equal(expected, s_rule.Evaluate(Context(Lost(9, minutesAgo: minutesAgo)), []).Count());

    [Fact]
    public void Lost_LongAgo_Silent() => Assert.Empty(s_rule.Evaluate(Context(Lost(9, minutesAgo: 6)), []));

    [Fact]
    public void Lost_NoneSinceTheFirstSnapshot_Silent() =>
        Assert.Empty(s_rule.Evaluate(Given.InTurn(Given.Node(Pod(Lost(9))), Given.Node(Pod(Lost(9)))), []));

    [Fact]
    public void Lost_NobodyListens_Silent() => Assert.Empty(s_rule.Evaluate(Given.Alone(Given.Node(Given.Serving())), []));

    /// <summary>Connections that end in all other ways, thousands of them, lose nothing.</summary>
    [Fact]
    public void Ends_WithoutLosses_Silent()
    {
        var busy = new EndCounts([.. Enumerable.Repeat(5000L, EndCounts.Length)]);
        var pod = Given.Serving() with { Ends = Given.Ends() with { Server = busy, Client = busy, LossUnknown = 300 } };
        Assert.Empty(s_rule.Evaluate(Given.Alone(Given.Node(pod)), []));
    }

    [Theory]
    [InlineData(Severity.Warning, LossCause.AfterClose, EndRole.Server, true)]
    [InlineData(Severity.Critical, LossCause.UnreadAtClose, EndRole.Server, true)]
    [InlineData(Severity.Info, LossCause.AfterClose, EndRole.Server, false)] // a guess explains nothing
    [InlineData(Severity.Critical, LossCause.Unanswered, EndRole.Server, false)] // an idle time-out answers what it has taken
    [InlineData(Severity.Critical, LossCause.AfterClose, EndRole.Client, false)] // what the pod calls is another matter
    public void Lost_BesideAnIdleTimeOut_ToldOnlyWhereThatDoesNotExplainIt(Severity severity, LossCause cause, EndRole role, bool isExplained)
    {
        var idle = FindingCatalog.Get(BackendClosesIdleFirstRule.Id).Report(severity, Pod(), "title", []);

        Assert.Equal(isExplained ? 0 : 1, s_rule.Evaluate(Context(Lost(9, cause, role)), [idle]).Count());
    }

    [Fact]
    public void Lost_FindingOfAnotherPod_ExplainsNothing()
    {
        var other = FindingCatalog.Get(ContainerRestartingRule.Id).Report(Severity.Critical, Given.Serving(Given.Kubernetes("other")), "title", []);

        Assert.Single(s_rule.Evaluate(Context(Lost(9)), [other]));
    }

    [Fact]
    public void Lost_PartlyExplained_TheRestIsTold()
    {
        var closes = FindingCatalog.Get(BackendClosesIdleFirstRule.Id).Report(Severity.Warning, Pod(), "title", []);

        var finding = Assert.Single(s_rule.Evaluate(Context(Lost(9, LossCause.AfterClose), Lost(3)), [closes]));

        Assert.Contains(" lost 3 requests in ", finding.Title, StringComparison.Ordinal);
    }

    [Fact]
    public void Lost_ManyPorts_EvidenceIsBounded()
    {
        var lost = Enumerable.Range(1, 60).Select(port => Lost(100 - port, port: (ushort)port)).ToArray();

        var finding = Assert.Single(s_rule.Evaluate(Context(lost), []));

        Assert.Equal(7, finding.Evidence.Length);
        Assert.EndsWith("more at other ports.", finding.Evidence[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Engine_RemainderIsJudgedAfterTheOthers()
    {
        var restarted = Given.Kubernetes() with { Containers = [Given.Container() with { Restarts = 3, LastTerminatedAt = Given.Noon }] };
        var crashing = Pod(Lost(9)) with { Kubernetes = restarted };

        var explained = DiagnosisEngine.Evaluate(Given.Alone(Given.Node(crashing)));
        var alone = DiagnosisEngine.Evaluate(Context(Lost(9)));

        Assert.DoesNotContain(explained.Findings, static finding => finding.Id == RequestsLostRule.Id);
        Assert.Equal([(RequestsLostRule.Id, FindingSubject.Of(crashing.Identity))], explained.Explained);
        Assert.Contains(alone.Findings, static finding => finding.Id == RequestsLostRule.Id);
        Assert.Empty(alone.Explained);
    }
}
