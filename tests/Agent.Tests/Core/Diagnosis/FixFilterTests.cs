using System.Collections.Immutable;
using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Core.Diagnosis;

/// <summary>Only what can help here is offered; what is unknown comes last and says so.</summary>
public sealed class FixFilterTests
{
    private static readonly NodePlace s_plain = new() { KubeProxy = false, Cilium = false, OperatingSystem = "ubuntu", AgentInPod = true };

    [Theory]
    [InlineData("java", "until it is repaired", "Java")]
    [InlineData("node", "until it is repaired", "Node.js")]
    [InlineData("python3", "until it is repaired", "Python (requests)")]
    [InlineData("nginx", "until it is repaired")]
    public void Runtime_OfTheProcessThatHoldsTheSockets_OthersAreLeftOut(string program, params string[] expected) =>
        Assert.Equal(expected, OfLeak(program, s_plain).Select(static fix => fix.Where));

    [Fact]
    public void Runtime_UnknownProgram_AllComeLastAndSayThatTheyAreUnknown()
    {
        var fixes = OfLeak("my-server", s_plain);

        Assert.Equal("until it is repaired", fixes[0].Where);
        Assert.Equal("", fixes[0].Condition);
        Assert.All(fixes.Skip(1), static fix => Assert.Equal("if that is what serves", fix.Condition));
        Assert.Contains(fixes, static fix => fix.Where == "Go");
    }

    [Fact]
    public void Placeholders_OfAPod_AreFilledIn() =>
        Assert.Contains(OfLeak("java", s_plain), static fix => fix.Text == "kubectl -n shop delete pod web");

    [Theory]
    [InlineData(true, "now, until kube-proxy starts again")]
    [InlineData(false, "sysctl on a node without kube-proxy")]
    public void KubeProxy_ThereOrNot_DecidesBetweenItsFlagAndTheSysctl(bool runs, string first) =>
        Assert.Equal(first, OfHost(s_plain with { KubeProxy = runs })[0].Where);

    /// <summary>Whoever reads the report of an agent in a pod has kubectl, and no shell on the node.</summary>
    [Theory]
    [InlineData(true, "kubectl debug node/node-1 -it --profile=sysadmin --image=busybox -- chroot /host sysctl -w ")]
    [InlineData(false, "sysctl -w ")]
    public void CommandForTheNode_IsTypedWhereTheReportIsRead(bool inPod, string start) =>
        Assert.StartsWith(start, OfHost(s_plain with { AgentInPod = inPod })[0].Text, StringComparison.Ordinal);

    [Fact]
    public void Commands_ComeBeforeSettings() =>
        Assert.Equal([true, true, false, false], OfHost(s_plain with { KubeProxy = true }).Select(static fix => fix.IsCommand));

    [Fact]
    public void KubeProxy_Unknown_BothAreOfferedWithTheirConditions()
    {
        var fixes = OfHost(s_plain with { KubeProxy = null });

        Assert.Contains(fixes, static fix => fix is { Where: "kube-proxy flag", Condition: "if kube-proxy runs here" });
        Assert.Contains(
            fixes, static fix => fix is { Where: "sysctl on a node without kube-proxy", Condition: "if kube-proxy does not run here" });
        Assert.Equal("closewatch", fixes[0].Where);
    }

    [Theory]
    [InlineData("bottlerocket", "Bottlerocket")]
    [InlineData("talos", "Talos")]
    [InlineData("cos", "sysctl on a node without kube-proxy")]
    [InlineData("debian", "sysctl on a node without kube-proxy")]
    [InlineData("", "sysctl on a node without kube-proxy")]
    public void OperatingSystem_HasItsOwnWay(string system, string expected)
    {
        var fixes = OfHost(s_plain with { OperatingSystem = system });

        Assert.Equal([expected, "closewatch"], fixes.Select(static fix => fix.Where));
        Assert.DoesNotContain(fixes, static fix => fix.Text.Contains("$NODE", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Linkerd_InThePodOrNot_DecidesOnItsAnnotation(bool meshed)
    {
        var pod = Given.Pod() with
        {
            OwnTableTracks = true,
            Settings = Given.Settings(60),
            Programs = meshed ? ["node", "linkerd2-proxy"] : ["node"],
        };

        var fixes = Judge(Given.Node(pod) with { Place = s_plain }, CloseWaitTimeoutShortRule.Id).Fix;

        Assert.Equal(meshed, fixes.Any(static fix => fix.Where.StartsWith("linkerd", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("6.8.0-1021-aws", false, true)]
    [InlineData("6.8.0-1017-gke", true, false)]
    [InlineData("6.8.0", true, true)]
    public void Cloud_ByItsKernel_OthersLoadBalancersAreLeftOut(string kernel, bool gke, bool alb)
    {
        var pod = Given.Serving(Given.Kubernetes() with { Containers = [Given.Container() with { HasPreStop = false, PreStopSleepSeconds = null }] });
        var node = Given.Node(pod) with { Place = s_plain };

        var fixes = Judge(node with { Node = node.Node with { Kernel = kernel } }, TerminationUnpreparedRule.Id).Fix;

        Assert.Equal((gke, alb), (fixes.Any(static fix => fix.Where == "GKE Gateway"), fixes.Any(static fix => fix.Where.StartsWith("AWS", StringComparison.Ordinal))));
    }

    [Fact]
    public void Host_ThatIsNoPod_GetsNoCommandForPods()
    {
        var host = new PodSnapshot { Identity = PodIdentity.Host, HalfClosed = Leak() };

        var fixes = Judge(Given.Node(host) with { Place = s_plain, Connections = [Held(PodIdentity.Host, "java")] }, CloseWaitLeakRule.Id).Fix;

        Assert.Equal(["Java"], fixes.Select(static fix => fix.Where));
    }

    private static ImmutableArray<FindingFix> OfHost(NodePlace place) =>
        Judge(Given.Node() with { HostSettings = Given.Settings(60), Place = place }, CloseWaitTimeoutShortRule.Id).Fix;

    private static ImmutableArray<FindingFix> OfLeak(string program, NodePlace place)
    {
        var pod = Given.Pod() with { HalfClosed = Leak(), Programs = ["pause", program, "sh"] };
        return Judge(Given.Node(pod) with { Place = place, Connections = [Held(pod.Identity, program)] }, CloseWaitLeakRule.Id).Fix;
    }

    private static HalfClosedSummary Leak() => new() { CloseWaitSockets = 20, LeakedCloseWaitSockets = 20, ClosedByPeer = 20 };

    private static HalfClosedConnection Held(PodIdentity owner, string program) =>
        Given.Connection(owner, TcpState.CloseWait, 100) with { Process = new(program, 1) };

    private static Finding Judge(Snapshot snapshot, string id) =>
        Assert.Single(DiagnosisEngine.Evaluate(Given.Alone(snapshot)).Findings, finding => finding.Id == id);
}
