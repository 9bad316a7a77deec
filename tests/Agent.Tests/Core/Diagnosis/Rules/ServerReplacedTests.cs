using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Xunit;

namespace Agent.Tests.Core.Diagnosis.Rules;

/// <summary>Crash loops that no API server tells of: another socket listens, again and again.</summary>
public sealed class ServerReplacedTests
{
    private static readonly ContainerRestartingRule s_rule = new();

    private static Snapshot Node(long replaced, long? lost, bool hasKubernetes = false) => Given.Node(
        Given.Serving(listener: Given.Listener() with { Restarts = replaced }) is var pod && hasKubernetes ? Lost(pod, lost) : Lost(pod with { Kubernetes = null }, lost));

    private static PodSnapshot Lost(PodSnapshot pod, long? lost) => pod with
    {
        Ends = lost is { } count ? Given.Ends(new LostRequests(EndRole.Server, LossCause.Unanswered, 8080, count, Given.Noon)) : null,
    };

    [Theory]
    [InlineData(2, 9, null)] // an update and a rollback
    [InlineData(3, 9, Severity.Critical)]
    [InlineData(3, 0, Severity.Info)] // drained each time
    public void Replaced_ByTimesAndLosses(long times, long lost, Severity? expected) =>
        Assert.Equal(expected, s_rule.Evaluate(Given.InTurn(Node(0, 0), Node(times, lost))).FirstOrDefault()?.Severity);

    /// <summary>Workers that each listen by themselves (SO_REUSEPORT) and are replaced drain; what another port loses is told of that.</summary>
    [Fact]
    public void Replaced_LossesAtAnotherPort_AreNotItsOwn()
    {
        var result = DiagnosisEngine.Evaluate(Given.InTurn(Workers(0, 0), Workers(2, 4), Workers(4, 9)));

        Assert.Equal(Severity.Info, Assert.Single(result.Findings, static finding => finding.Id == ContainerRestartingRule.Id).Severity);
        Assert.Equal(9, Assert.Single(result.Findings, static finding => finding.Id == RequestsLostRule.Id).Victims);
    }

    /// <summary>A server has several ports, and dies before it listens at one of them now and then.</summary>
    [Fact]
    public void Replaced_AtSeveralPorts_LossesAtEachOfThemCount()
    {
        var finding = Given.Only(s_rule, Given.InTurn(Workers(0, 0), Workers(2, 4, other: 1), Workers(4, 9, other: 2)));

        Assert.Equal((Severity.Critical, 9L), (finding.Severity, finding.Victims));
    }

    private static Snapshot Workers(long replaced, long lost, long other = 0)
    {
        var node = Node(other, lost);
        return node with { Pods = [node.Pods[0] with { Listeners = [.. node.Pods[0].Listeners, Given.Listener(9090) with { Restarts = replaced }] }] };
    }

    [Fact]
    public void Replaced_EndsNotKnown_Warning() => Assert.Equal(Severity.Warning, Given.Only(s_rule, Given.InTurn(Node(0, null), Node(4, null))).Severity);

    [Fact]
    public void Replaced_SaysPortTimesAndLosses()
    {
        var finding = Given.Only(s_rule, Given.InTurn(Node(1, 0), Node(3, 2), Node(5, 7)));

        Assert.Equal("the server at port 8080 of shop/web was replaced 4 times in 30s: each time its connections are cut", finding.Title);
        Assert.StartsWith("Port 8080: in 30s another socket was found listening 4 times", finding.Evidence[0], StringComparison.Ordinal);
        Assert.Equal("7 requests got no answer in 30s because their connection ended, the last at 2026-11-21 12:00:00 UTC.", finding.Evidence[1]);
    }

    [Fact]
    public void Replaced_ListensNowhereJustNow_IsStillTold()
    {
        var gone = Node(0, 9);
        gone = gone with { Pods = [gone.Pods[0] with { Listeners = [] }] };
        Assert.Equal(Severity.Critical, Given.Only(s_rule, Given.InTurn(Node(0, 0), Node(3, 9), gone)).Severity);
    }

    /// <summary>The first scan of a namespace has nothing to compare with; what the later ones count has happened since.</summary>
    [Fact]
    public void Replaced_SinceTheFirstScan_Counts()
    {
        var first = Given.Node(Lost(Given.Serving() with { Kubernetes = null }, 0));
        Assert.StartsWith("the server at port 8080 of shop/web was replaced 3 times in 45s", Given.Only(s_rule, Given.InTurn(first, Node(1, 2), Node(2, 4), Node(3, 7))).Title, StringComparison.Ordinal);
    }

    /// <summary>As a kubelet does it: it waits longer and longer until it starts the container again, which lives for a second or two.</summary>
    [Fact]
    public void Replaced_BetweenScansThatFindNobody_Counts()
    {
        var finding = Given.Only(s_rule, Given.InTurn(Node(0, 0), Gone(100, 2), Gone(103, 4), Gone(103, 4), Gone(109, 6), Node(1, 6), Gone(112, 8)));

        Assert.StartsWith("the server at port 8080 of shop/web was replaced 3 times in 1m30s: each", finding.Title, StringComparison.Ordinal);
        Assert.StartsWith("Port 8080: in 1m30s another socket was found listening 1 time;", finding.Evidence[0], StringComparison.Ordinal);
        Assert.StartsWith("2 times a scan found nobody listening, as the one before, though", finding.Evidence[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("drains: it accepts nobody any more", 0, 2, true)]
    [InlineData("loses nothing", 3, 0, true)]
    [InlineData("sockets were not read", 3, 2, false)]
    public void GoneForSomeScans_ButNobodyCame_Silent(string why, int opened, int lost, bool isRead)
    {
        Assert.NotEmpty(why);
        var gone = Enumerable.Range(1, 6).Select(scan => Gone(100 + (ulong)(scan * opened), 9 + (scan * lost), isRead));

        Assert.Empty(s_rule.Evaluate(Given.InTurn([Node(0, 9), .. gone])));
    }

    private static Snapshot Gone(ulong opened, long lost, bool isRead = true)
    {
        var pod = Given.Serving() with { Kubernetes = null, Listeners = [] };
        return Given.Node(Lost(pod with { Counters = pod.Counters! with { PassiveOpens = opened }, Tcp = isRead ? pod.Tcp : null }, lost));
    }

    [Fact]
    public void Replaced_BeforeItIsWatched_Silent() => Assert.Empty(s_rule.Evaluate(Given.InTurn(Node(9, 9), Node(9, 9))));

    [Fact]
    public void Replaced_OneScan_Silent() => Assert.Empty(s_rule.Evaluate(Given.Alone(Node(9, 9))));

    [Fact]
    public void Replaced_RestartCountsSayTheSame_ToldOnce()
    {
        var before = Node(0, 0, hasKubernetes: true);
        var after = Node(4, 9, hasKubernetes: true);
        var restarted = Given.Kubernetes() with { Containers = [Given.Container() with { Restarts = 4, LastTerminatedAt = Given.Noon }] };
        after = after with { Pods = [after.Pods[0] with { Kubernetes = restarted }] };

        Assert.StartsWith("shop/web restarted 4 times", Given.Only(s_rule, Given.InTurn(before, after)).Title, StringComparison.Ordinal);
    }

    [Fact]
    public void Replaced_TheLossesAreNotToldAgain() => Assert.DoesNotContain(
        DiagnosisEngine.Evaluate(Given.InTurn(Node(0, 0), Node(4, 9))).Findings,
        static finding => finding.Id == RequestsLostRule.Id);
}
