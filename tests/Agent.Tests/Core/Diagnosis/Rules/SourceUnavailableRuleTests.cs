using System.Collections.Immutable;
using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Agent.Tests.Testing;
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
        Assert.Equal(FindingSubject.Source(SourceNames.ConntrackStats), finding.Subject);
        Assert.Contains("CAP_NET_ADMIN is missing", finding.Evidence[0], StringComparison.Ordinal);
    }

    /// <summary>Where nothing is tracked nothing is forgotten: no defect, nothing to load, and the verdict is that of the headline.</summary>
    [Fact]
    public void Evaluate_ConntrackNotLoaded_NothingIsMissing()
    {
        var names = new[] { SourceNames.Conntrack, SourceNames.ConntrackStats, SourceNames.Sysctl };
        var lacking = Lacking(SourceStatus.Unavailable, names);
        var notLoaded = lacking with
        {
            Sources = [.. lacking.Sources.Select(source => names.Contains(source.Name) ? source with { Needs = SourceNeeds.ConntrackModule } : source)],
        };

        Assert.Empty(s_rule.Evaluate(Given.Alone(notLoaded)));
        var result = DiagnosisEngine.Evaluate(Given.Alone(notLoaded));
        Assert.Equal((Verdict.Ok, Verdict.Ok), (result.Verdict, result.Headline.Verdict));
        // Without the settings' own word for it a table that cannot be read is unknown.
        Assert.Equal(Verdict.Unknown, DiagnosisEngine.Evaluate(Given.Alone(lacking)).Headline.Verdict);
    }

    [Fact]
    public void Evaluate_Unavailable_NamesWhatIsNotJudged() => Assert.Contains(
        Given.Only(s_rule, Given.Alone(Lacking(SourceStatus.Unavailable, SourceNames.ConntrackStats))).Evidence,
        static line => line.Contains(ConntrackDropsRule.Id, StringComparison.Ordinal));

    [Theory]
    [InlineData(SourceNeeds.NetAdmin, "\"NET_ADMIN\"")]
    [InlineData(SourceNeeds.Unconfined, "appArmorProfile: {type: Unconfined}", "apparmor=|avc:")]
    [InlineData(SourceNeeds.ConntrackNetlinkModule, "modprobe nf_conntrack_netlink")]
    [InlineData(SourceNeeds.ConntrackModule, "modprobe nf_conntrack")]
    [InlineData(SourceNeeds.Root, "runAsUser: 0")]
    [InlineData(SourceNeeds.ConntrackSwitchedOn, "--Collection:Conntrack=auto")]
    [InlineData(SourceNeeds.SocketsSwitchedOn, "--Collection:Sockets=auto")]
    [InlineData(SourceNeeds.AnotherScan, "closewatch report --fresh")]
    [InlineData(SourceNeeds.EnterNamespaces, "\"SYS_PTRACE\"")]
    [InlineData(SourceNeeds.SocketDiagModules, "modprobe -a inet_diag tcp_diag")]
    [InlineData(SourceNeeds.HostProcesses, "\"hostPID\":true")]
    [InlineData(SourceNeeds.VisibleProcesses, "remount,hidepid=0")]
    [InlineData(SourceNeeds.PodNames, "hostPath: {path: /var/log/pods}", "mountPath: /var/log/pods", "--Pods:LogRoot=", "kubectl create clusterrole")]
    [InlineData(SourceNeeds.PodListPermission, "kubectl create clusterrole")]
    [InlineData(SourceNeeds.NewToken, "rollout restart")]
    [InlineData(SourceNeeds.ServiceAccount, "\"automountServiceAccountToken\":true")]
    [InlineData(SourceNeeds.NodeName, "fieldPath: spec.nodeName")]
    [InlineData(SourceNeeds.ApiServerAnswer, "kubectl get --raw")]
    [InlineData(SourceNeeds.ApiServerCertificate, "openssl s_client")]
    [InlineData(SourceNeeds.Cluster, "--Pods:Source=auto")]
    [InlineData(SourceNeeds.NodeUserNamespace, "hostUsers: true", "sudo closewatch report")]
    [InlineData(SourceNeeds.NetAdmin | SourceNeeds.Root, "\"NET_ADMIN\"", "runAsUser: 0")]
    public void Evaluate_Needs_GiveTheFixesForThemAndNoOther(SourceNeeds needs, params string[] expected)
    {
        // Outside of pods there is always root instead, besides.
        var fixes = FixesFor(needs, "x").Where(fix => fix.Where != "node, as root").ToArray();
        Assert.Equal(expected.Length, fixes.Length);
        Assert.All(expected.Zip(fixes), static pair => Assert.Contains(pair.First, pair.Second.Text, StringComparison.Ordinal));
    }

    /// <summary>In a debug pod it is another account's permission that is missing.</summary>
    [Theory]
    [InlineData(null, "--serviceaccount=closewatch:closewatch")]
    [InlineData("ops:default", "--serviceaccount=ops:default")]
    public void Evaluate_Refused_NamesTheAccountThatAsked(string? account, string expected)
    {
        var place = new NodePlace { AgentInPod = true };
        var refused = new SourceReport(SourceNames.Kubernetes, "api", SourceStatus.Failed, "403", TimeSpan.Zero, 0) { Needs = SourceNeeds.PodListPermission };
        var node = Given.Node(Given.Pod()) is var plain
            ? plain with
            {
                Place = account is null ? place : place with { ServiceAccount = account },
                Sources = [.. plain.Sources.Where(static known => known.Name != SourceNames.Kubernetes), refused],
            }
            : null!;

        var finding = Assert.Single(DiagnosisEngine.Evaluate(Given.Alone(node)).Findings, static finding => finding.Id == SourceUnavailableRule.Id);

        Assert.EndsWith(expected, finding.Fix[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_EveryNeed_HasAFix() => Assert.All(
        Enum.GetValues<SourceNeeds>().Where(static need => need != SourceNeeds.None),
        static need => Assert.Contains(FixesFor(need, "")[0], FindingCatalog.Get(SourceUnavailableRule.Id).Fixes));

    /// <summary>The words are for people: whatever they are, the advice is the same.</summary>
    [Fact]
    public void Evaluate_ReportReworded_SameFixes()
    {
        string[] words =
        [
            "hostPID is missing", "needs CAP_NET_ADMIN", "needs CAP_SYS_ADMIN", "security module", "hidepid", "for uid 0", "nf_conntrack is not loaded", "EACCES (13)",
            "ENOENT (2)", "EOPNOTSUPP (95)", "switched off by", "does not exist", "answered 403", "/serviceaccount/", "NODE_NAME", ":", ";", "(", "'", "$POD",
        ];
        var random = new Random(20_261_121);
        for (var round = 0; round < RandomCases.Of(500); round++)
        {
            var needs = (SourceNeeds)(random.Next() & ((1 << 21) - 1));
            var reworded = string.Join(' ', Enumerable.Range(0, random.Next(12)).Select(_ => words[random.Next(words.Length)]));
            Assert.Equal(FixesFor(needs, "plain"), FixesFor(needs, reworded));
        }
    }

    private static ImmutableArray<FindingFix> FixesFor(SourceNeeds needs, string detail)
    {
        var node = Given.Node(Given.Pod());
        var report = new SourceReport(SourceNames.Sockets, "x", SourceStatus.Degraded, detail, TimeSpan.Zero, 0) { Needs = needs };
        return Given.Only(s_rule, Given.Alone(node with { Sources = [.. node.Sources.Where(static known => known.Name != SourceNames.Sockets), report] })).Fix;
    }

    [Fact]
    public void Evaluate_UnknownReason_GivesWhatIsMissingMostOften() => Assert.Equal(
        3,
        Given.Only(s_rule, Given.Alone(Given.Node() is var node ? node with { Sources = [new(SourceNames.Sysctl, "procfs", SourceStatus.Failed, "EIO (5)", TimeSpan.Zero, 0), .. node.Sources] } : node)).Fix.Length);

    /// <summary>A namespace that is not looked at is no module's fault.</summary>
    [Fact]
    public void Evaluate_NamespacesInPartForAnUnknownReason_OffersNoModules()
    {
        var node = Given.Node(Given.Pod());
        var partly = new SourceReport(SourceNames.Namespaces, "procfs", SourceStatus.Degraded, "13 are not looked at", TimeSpan.Zero, 40);

        var fixes = Given.Only(s_rule, Given.Alone(node with { Sources = [.. node.Sources.Where(static known => known.Name != SourceNames.Namespaces), partly] })).Fix;

        Assert.DoesNotContain(fixes, static fix => fix.Text.Contains("modprobe", StringComparison.Ordinal));
    }

    [Fact]
    public void Evaluate_NeitherConntrackNorSockets_Warning() => Assert.All(
        s_rule.Evaluate(Given.Alone(Lacking(SourceStatus.Unavailable, SourceNames.Conntrack, SourceNames.Sockets))),
        static finding => Assert.Equal(Severity.Warning, finding.Severity));

    [Fact]
    public void Evaluate_PlainMachineWithoutKubernetes_Silent() => Assert.Empty(
        s_rule.Evaluate(Given.Alone(Lacking(SourceStatus.Unavailable, SourceNames.Kubernetes, SourceNames.Pods) with { Pods = [] })));
}
