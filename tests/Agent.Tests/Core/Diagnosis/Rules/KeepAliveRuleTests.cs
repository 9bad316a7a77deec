using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Xunit;

namespace Agent.Tests.Core.Diagnosis.Rules;

/// <summary>The same two findings where the ends of connections are not heard: guesses from what scans saw.</summary>
public sealed class KeepAliveRuleTests
{
    private static readonly BackendClosesIdleFirstRule s_idle = new();
    private static readonly ResetOnReuseRule s_reset = new();

    private static PodSnapshot Node(double seconds = 6, ulong resets = 0, ulong abortOnClose = 0, ulong abortOnData = 0) => Given.Serving(null, Given.Listener() with
    {
        Established = 4,
        ClosedByPodFirst = 9,
        IdleClosesSeen = 7,
        IdleClosesByPeerSeen = 0,
        IdleAtClose = TimeSpan.FromSeconds(seconds),
        Idle = new(TimeSpan.FromSeconds(seconds * 0.95), 50, 20),
    }) with
    {
        Counters = new() { ResetsSent = 100 + resets, AbortOnClose = 10 + abortOnClose, AbortOnData = 5 + abortOnData },
    };

    [Fact]
    public void Idle_NodeDefaultBehindGoogleCloud_GuessWithPortRuntimeAndFix()
    {
        var finding = Given.Only(s_idle, Given.Alone(Given.Node(Node())));
        Assert.Equal(Severity.Info, finding.Severity);
        Assert.Equal(
            "shop/web seems to close idle connections after about 6s (port 8080) while the load balancer keeps them 10m: requests race with the close and fail with 502",
            finding.Title);
        Assert.Contains(finding.Evidence, static line => line.Contains("Node.js", StringComparison.Ordinal));
        Assert.Contains(finding.Evidence, static line => line.Contains("(gclb)", StringComparison.Ordinal));
        Assert.Contains(finding.Fix, static fix => fix.Text.Contains("keepAliveTimeout = 620 * 1000", StringComparison.Ordinal));
    }

    [Fact]
    public void Idle_LongerThanTheUpstream_Silent() => Assert.Empty(s_idle.Evaluate(Given.Alone(Given.Node(Node(620)))));

    [Fact]
    public void Idle_NginxBehindAlb_Silent()
    {
        var options = new Thresholds { Upstream = Upstream.Presets.Single(static preset => preset.Name == "alb") };
        Assert.Empty(s_idle.Evaluate(Given.Alone(Given.Node(Node(75)), options)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Host_ThatClosesIdleConnections_IsJudgedOnlyWhereThereAreNoPods(bool inCluster)
    {
        // A kubelet closes what was idle for 90 s, and resets of all programs of a node are counted together.
        var host = Node(90, resets: 11) with { Identity = new(PodKind.Host, "", "host", ""), Kubernetes = null };
        var before = Node(90) with { Identity = host.Identity, Kubernetes = null };
        PodSnapshot[] others = inCluster ? [Given.Pod()] : [];
        var context = Given.InTurn(Given.Node([before, .. others]), Given.Node([host, .. others]));
        Assert.Equal(inCluster ? 0 : 1, s_idle.Evaluate(context).Count());
        Assert.Equal(inCluster ? 0 : 1, s_reset.Evaluate(context).Count());
    }

    [Fact]
    public void Idle_TerminatingPodClosesItsConnections_Silent()
    {
        var pod = Node() with { Kubernetes = Given.Kubernetes().Terminating(100) };
        Assert.Empty(s_idle.Evaluate(Given.Alone(Given.Node(pod))));
    }

    [Fact]
    public void Idle_OneScan_InfoThatSaysHowToBeSure()
    {
        var pod = Given.Serving(null, Given.Listener() with { ClosedByPodFirst = 80, Idle = new(TimeSpan.FromSeconds(5.5), 40) });
        var finding = Given.Only(s_idle, Given.Alone(Given.Node(pod)));
        Assert.Equal(Severity.Info, finding.Severity);
        Assert.Contains(finding.Evidence, static line => line.Contains("closewatch report --window 30s", StringComparison.Ordinal));
    }

    [Fact]
    public void Idle_ListenerOnBothFamilies_OneFinding()
    {
        var pod = Node();
        var both = pod with { Listeners = [pod.Listeners[0], pod.Listeners[0] with { Address = default }] };
        Assert.DoesNotContain(Given.Only(s_idle, Given.Alone(Given.Node(both))).Evidence, static line => line.StartsWith("Also port", StringComparison.Ordinal));
    }

    [Fact]
    public void Idle_ResetsMeanwhile_Warning() => Assert.Equal(
        Severity.Warning,
        Given.Only(s_idle, Given.InTurn(Given.Node(Node()), Given.Node(Node(resets: 3)))).Severity);

    [Fact]
    public void Reset_RisingWithIdleCloses_WarningWithCounters()
    {
        var finding = Given.Only(s_reset, Given.InTurn(Given.Node(Node()), Given.Node(Node(resets: 4, abortOnData: 2))));
        Assert.Equal((Severity.Warning, 4L), (finding.Severity, finding.Victims));
        Assert.Contains(finding.Evidence, static line => line.Contains("TCPAbortOnData rose by 2", StringComparison.Ordinal));
    }

    [Fact]
    public void Reset_ExplainedByUnreadData_Silent() =>
        Assert.Empty(s_reset.Evaluate(Given.InTurn(Given.Node(Node()), Given.Node(Node(resets: 4, abortOnClose: 4)))));

    // A busy server: its time-out closes connections with a request in them, and close() itself sends the reset.
    [Fact]
    public void Reset_UnreadRequestsWhileIdleConnectionsVanish_WarningWithCounters()
    {
        var (before, after) = (Vanishing(Node()), Vanishing(Node(resets: 4, abortOnClose: 4)));
        var finding = Given.Only(s_reset, Given.InTurn(Given.Node(before), Given.Node(after)));
        Assert.Equal((Severity.Warning, 4L), (finding.Severity, finding.Victims));
        Assert.Contains(finding.Evidence, static line => line.Contains("TCPAbortOnClose rose by 4", StringComparison.Ordinal));
        Assert.Equal(Severity.Warning, Given.Only(s_idle, Given.InTurn(Given.Node(before), Given.Node(after))).Severity);

        static PodSnapshot Vanishing(PodSnapshot pod) => pod with { Listeners = [pod.Listeners[0] with { IdleClosesByPeerSeen = 2 }] };
    }

    [Theory]
    [InlineData(2, "gunicorn")]
    [InlineData(6, "Node.js")]
    [InlineData(75, "nginx")]
    [InlineData(130, "ASP.NET Core (Kestrel)")]
    [InlineData(20, "Node.js")] // nobody's default: as the catalogue has them
    public void Idle_SomebodysDefault_ItsFixIsTheFirst(double seconds, string runtime)
    {
        var finding = Given.Only(s_idle, Given.Alone(Given.Node(Node(seconds))));
        Assert.Equal(runtime, finding.Fix[0].Where);
        Assert.Equal(FindingCatalog.Get(finding.Id).Fixes.Length, finding.Fix.Length);
    }

    [Fact]
    public void Reset_WithoutIdleCloses_Silent()
    {
        var before = Given.Serving();
        var after = before with { Counters = before.Counters! with { ResetsSent = 50 } };
        Assert.Empty(s_reset.Evaluate(Given.InTurn(Given.Node(before), Given.Node(after))));
    }

    [Fact]
    public void Reset_OneScan_Silent() => Assert.Empty(s_reset.Evaluate(Given.Alone(Given.Node(Node(resets: 4)))));

    [Fact]
    public void Engine_ResetsOfTheSamePod_FollowFromTheIdleClose()
    {
        var result = DiagnosisEngine.Evaluate(Given.InTurn(Given.Node(Node()), Given.Node(Node(resets: 3))));
        Assert.Equal([BackendClosesIdleFirstRule.Id, ResetOnReuseRule.Id], result.Findings.Select(static finding => finding.Id));
        Assert.Equal(BackendClosesIdleFirstRule.Id, result.Findings[1].CausedBy);
        Assert.StartsWith("WARNING: shop/web seems to close idle connections after about 6s", result.Headline.ToString(), StringComparison.Ordinal);
    }
}
