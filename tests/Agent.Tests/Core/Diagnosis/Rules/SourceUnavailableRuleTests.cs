using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Xunit;

namespace Agent.Tests.Core.Diagnosis.Rules;

public sealed class SourceUnavailableRuleTests
{
    private static readonly SourceUnavailableRule s_rule = new();

    private static Snapshot Lacking(SourceStatus status, params string[] names) => Given.Node(Given.Pod()) is var node ? node with
    {
        Sources = [.. node.Sources.Select(source => names.Contains(source.Name) ? source with { Status = status, Detail = "CAP_NET_ADMIN is missing" } : source)],
    } : throw new InvalidOperationException();

    [Fact]
    public void Evaluate_EverythingRead_Silent() => Assert.Empty(s_rule.Evaluate(Given.Alone(Given.Node())));

    [Theory]
    [InlineData(SourceStatus.Degraded, Severity.Info)]
    [InlineData(SourceStatus.Unavailable, Severity.Info)]
    [InlineData(SourceStatus.Failed, Severity.Warning)]
    public void Evaluate_OneSource_SeverityByStatus(SourceStatus status, Severity expected)
    {
        var finding = Given.Only(s_rule, Given.Alone(Lacking(status, SourceNames.ConntrackStats)));
        Assert.Equal(expected, finding.Severity);
        Assert.Equal(new FindingSubject("source", "", SourceNames.ConntrackStats), finding.Subject);
        Assert.Contains("CAP_NET_ADMIN is missing", finding.Evidence[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_Unavailable_NamesWhatIsNotJudged() => Assert.Contains(
        Given.Only(s_rule, Given.Alone(Lacking(SourceStatus.Unavailable, SourceNames.ConntrackStats))).Evidence,
        static line => line.Contains(FindingIds.ConntrackDrops, StringComparison.Ordinal));

    /// <summary>The details are those that the sources give.</summary>
    [Theory]
    [InlineData(SourceNames.Conntrack, "conntrack count (netlink): EPERM (1) (needs CAP_NET_ADMIN in this network namespace); read /proc/1/net/nf_conntrack instead", "add: [NET_ADMIN]")]
    [InlineData(SourceNames.Conntrack, "x: EPERM (1) (CAP_NET_ADMIN is there, so a security module refuses it: run unconfined)", "appArmorProfile: {type: Unconfined}", "apparmor=|avc:")]
    [InlineData(SourceNames.Conntrack, "x: EINVAL (22): the module nf_conntrack_netlink is not loaded", "modprobe nf_conntrack_netlink")]
    [InlineData(SourceNames.Conntrack, "/proc/1/net/nf_conntrack does not exist: nf_conntrack is not loaded, or this kernel has no CONFIG_NF_CONNTRACK_PROCFS", "modprobe nf_conntrack")]
    [InlineData(SourceNames.Conntrack, "open(/proc/1/net/nf_conntrack): EACCES (13): the file is for uid 0", "runAsUser: 0")]
    [InlineData(SourceNames.Conntrack, "switched off by Collection:Conntrack", "--Collection:Conntrack=auto")]
    [InlineData(SourceNames.Conntrack, "the table changed during the dump, still after 3 retries: a few entries may be missing", "closewatch report --fresh")]
    [InlineData(SourceNames.ConntrackStats, "/proc/1/net/stat/nf_conntrack does not exist: drops and invalid packets are unknown", "modprobe nf_conntrack")]
    [InlineData(SourceNames.Sysctl, "the timeouts of 6 other namespaces are unknown: open(/proc/31822/ns/net): EACCES (13) (needs CAP_SYS_PTRACE)", "add: [SYS_ADMIN, SYS_PTRACE]")]
    [InlineData(SourceNames.Sockets, "6 of 7 namespaces by /proc/PID/net/tcp, which shows no ages, because: setns(net:[1]): EPERM (1) (needs CAP_SYS_ADMIN)", "add: [SYS_ADMIN, SYS_PTRACE]")]
    [InlineData(SourceNames.Sockets, "1 of 1 namespaces by /proc/PID/net/tcp, which shows no ages, because: sock_diag: ENOENT (2)", "modprobe -a inet_diag tcp_diag")]
    [InlineData(SourceNames.Namespaces, "only this pod's processes are visible: hostPID is missing", "hostPID: true")]
    [InlineData(SourceNames.Namespaces, "/proc is mounted with hidepid=2: processes of others are not shown", "remount,hidepid=0")]
    [InlineData(SourceNames.Pods, "6 of 6 pods are known by their uid only", "hostPath: {path: /var/log/pods}", "mountPath: /var/log/pods", "--Pods:LogRoot=", "kubectl create clusterrole")]
    [InlineData(SourceNames.Pods, "6 of 6 pods are known by their uid only (/var/log/pods: does not exist; mount it read-only)", "hostPath: {path: /var/log/pods}", "mountPath: /var/log/pods", "--Pods:LogRoot=", "kubectl create clusterrole")]
    [InlineData(SourceNames.Kubernetes, "the API server answered 403 to the list of pods; a ClusterRole has to allow its service account", "kubectl create clusterrole")]
    [InlineData(SourceNames.Kubernetes, "the API server answered 401 to the list of pods; is the service account still there?", "rollout restart")]
    [InlineData(SourceNames.Kubernetes, "/var/run/secrets/kubernetes.io/serviceaccount/token holds no token", "automountServiceAccountToken: true")]
    [InlineData(SourceNames.Kubernetes, "the API server knows no pod on node \"n\": is that its name? (set Pods:NodeName or NODE_NAME from spec.nodeName)", "fieldPath: spec.nodeName")]
    [InlineData(SourceNames.Kubernetes, "the API server at 10.96.0.1 can not be reached for the list of pods: Connection refused", "curl -sk")]
    public void Evaluate_KnownReason_GivesTheFixesForItAndNoOther(string source, string detail, params string[] expected)
    {
        var node = Given.Node(Given.Pod());
        var report = new SourceReport(source, "x", SourceStatus.Degraded, detail, TimeSpan.Zero, 0);

        var fixes = Given.Only(s_rule, Given.Alone(node with { Sources = [.. node.Sources.Where(known => known.Name != source), report] })).Fix;

        Assert.Equal(expected.Length, fixes.Length);
        Assert.All(expected.Zip(fixes), static pair => Assert.Contains(pair.First, pair.Second, StringComparison.Ordinal));
    }

    [Fact]
    public void Evaluate_UnknownReason_GivesWhatIsMissingMostOften() => Assert.Equal(
        3,
        Given.Only(s_rule, Given.Alone(Given.Node() is var node ? node with { Sources = [new(SourceNames.Sysctl, "procfs", SourceStatus.Failed, "EIO (5)", TimeSpan.Zero, 0), .. node.Sources] } : node)).Fix.Length);

    [Fact]
    public void Evaluate_NeitherConntrackNorSockets_Warning() => Assert.All(
        s_rule.Evaluate(Given.Alone(Lacking(SourceStatus.Unavailable, SourceNames.Conntrack, SourceNames.Sockets))),
        static finding => Assert.Equal(Severity.Warning, finding.Severity));

    [Fact]
    public void Evaluate_PlainMachineWithoutKubernetes_Silent() => Assert.Empty(
        s_rule.Evaluate(Given.Alone(Lacking(SourceStatus.Unavailable, SourceNames.Kubernetes, SourceNames.Pods) with { Pods = [] })));
}
