using System.Collections.Immutable;
using Agent.Core.Model;
using Agent.Core.Remediation;
using Agent.Tests.Core.Diagnosis;
using Xunit;

namespace Agent.Tests.Core.Remediation;

public sealed class RemediationPlannerTests
{
    private const string CloseWait = "nf_conntrack_tcp_timeout_close_wait";

    [Theory]
    [InlineData(60, 3600, true)]
    [InlineData(3599, 3600, true)]
    [InlineData(3600, 3600, false)]
    [InlineData(7200, 3600, false)]
    public void Plan_Host_RaisesOnly(long current, long wanted, bool changes)
    {
        var plan = RemediationPlanner.Plan(Host(current), Policy(wanted), KubeProxyState.Absent);

        Assert.Equal(changes ? [(SysctlTarget.HostScope, CloseWait, current, wanted)] : [], Changes(plan));
        Assert.Empty(plan.Refusals);
        Assert.Equal((current, wanted), (plan.Desired.Single().Value, plan.Desired.Single().Desired));
    }

    [Fact]
    public void Plan_TableSixtyPercentCloseWait_RefusesAndSaysWhatToDo()
    {
        var node = Host(60, entries: 60_000, limit: 100_000, closeWait: 60_000);

        var plan = RemediationPlanner.Plan(node, Policy(3600), KubeProxyState.Absent);

        Assert.Empty(plan.Changes);
        var refusal = Assert.Single(plan.Refusals);
        Assert.Contains("1000/s x 3600 s + 60,000", refusal.Reason, StringComparison.Ordinal);
        Assert.Contains("close-wait-leak", refusal.Instead, StringComparison.Ordinal);
        Assert.Single(plan.Desired);
    }

    [Theory]
    [InlineData(1000, 100_000, 60, true)]   // 1/s x 3600 + 1000 = 4.6 %
    [InlineData(10_000, 100_000, 600, true)] // 10/s x 3600 + 10000 = 46 %
    [InlineData(10_000, 100_000, 720, false)] // 12/s x 3600 + 10000 = 53.2 %
    [InlineData(14_000, 100_000, 600, false)] // exactly 50 %: not below
    [InlineData(60_000, 0, 60_000, true)]   // no limit
    public void Plan_Occupancy_MustStayBelowMaxTableFill(long entries, long limit, long closeWait, bool changes) =>
        Assert.Equal(changes, RemediationPlanner.Plan(Host(60, entries, limit, closeWait), Policy(3600), KubeProxyState.Absent).Changes.Length == 1);

    [Fact]
    public void Plan_GuardRefuses_NamesTheLongestThatFits()
    {
        var plan = RemediationPlanner.Plan(Host(60, 10_000, 100_000, 720), Policy(3600), KubeProxyState.Absent);

        Assert.Contains("at most 3,333 s would fit", plan.Refusals.Single().Instead, StringComparison.Ordinal);
        Assert.Single(RemediationPlanner.Plan(Host(60, 10_000, 100_000, 720), Policy(3333), KubeProxyState.Absent).Changes);
        Assert.Empty(RemediationPlanner.Plan(Host(60, 10_000, 100_000, 720), Policy(3334), KubeProxyState.Absent).Changes);
    }

    [Fact]
    public void Plan_NoDump_TakesEveryEntryForLingering()
    {
        var node = Host(60, 2000, 100_000, 0);
        node = node with { Conntrack = node.Conntrack! with { Flows = null } };

        Assert.Empty(RemediationPlanner.Plan(node, Policy(3600), KubeProxyState.Absent).Changes);
        Assert.Single(RemediationPlanner.Plan(node, Policy(600), KubeProxyState.Absent).Changes);
    }

    [Fact]
    public void Plan_TableUnknown_Refuses()
    {
        var plan = RemediationPlanner.Plan(Host(60) with { Conntrack = null }, Policy(3600), KubeProxyState.Absent);

        Assert.Empty(plan.Changes);
        Assert.Contains("how full", plan.Refusals.Single().Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_SettingsUnreadable_Refuses()
    {
        var plan = RemediationPlanner.Plan(Host(60) with { HostSettings = null }, Policy(3600), KubeProxyState.Absent);

        Assert.Empty(plan.Changes);
        Assert.Empty(plan.Desired);
        Assert.Contains("could not be read", plan.Refusals.Single().Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(60, 3600, 3600, 3600L, false)]  // as kube-proxy wants it
    [InlineData(60, 1800, 3600, 3600L, false)]  // kube-proxy wants more than we
    [InlineData(60, 7200, 3600, 3600L, true)]   // we want more: kube-proxy's, and say which flag
    [InlineData(3600, 7200, 3600, null, true)]
    [InlineData(7200, 7200, 3600, null, false)] // higher already: left alone
    [InlineData(60, 7200, null, 7200L, false)]  // kube-proxy leaves it alone
    public void Plan_KubeProxyKnown_ItsValueIsWanted(long current, long ours, int? theirs, long? to, bool refused)
    {
        var values = ImmutableSortedDictionary<string, long>.Empty;
        var plan = RemediationPlanner.Plan(Host(current), Policy(ours), KubeProxyState.With(theirs is { } value ? values.Add(CloseWait, value) : values));

        Assert.Equal(to, plan.Changes.IsEmpty ? null : plan.Changes.Single().To);
        Assert.Equal(refused, plan.Refusals.Any(static refusal => refusal.Instead.Contains("--conntrack-tcp-timeout-close-wait", StringComparison.Ordinal)));
    }

    [Fact]
    public void Plan_KubeProxyUnknown_RefusesUnlessOverridden()
    {
        var unknown = KubeProxyState.Unknown("it does not answer");
        var plan = RemediationPlanner.Plan(Host(60), Policy(3600), unknown);

        Assert.Empty(plan.Changes);
        Assert.Contains("it does not answer", plan.Refusals.Single().Reason, StringComparison.Ordinal);
        Assert.Equal(3600, RemediationPlanner.Plan(Host(60), Policy(3600) with { OverrideKubeProxy = true }, unknown).Changes.Single().To);
        Assert.Empty(RemediationPlanner.Plan(Host(3600), Policy(3600), unknown).Refusals);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(999_999_999_999)]
    public void Plan_KubeProxyValueOutOfRange_IsNotWritten(long theirs) => Assert.Empty(RemediationPlanner.Plan(
        Host(60), Policy(3600), KubeProxyState.With(ImmutableSortedDictionary<string, long>.Empty.Add(CloseWait, theirs))).Changes);

    [Theory]
    [InlineData("../../kernel/panic", 1)]
    [InlineData("nf_conntrack_tcp_timeout_close_wait/../nf_log_all_netns", 1)]
    [InlineData("nf_conntrack_buckets", 1024)]
    [InlineData("nf_conntrack_helper", 1)]
    [InlineData("", 1)]
    [InlineData(CloseWait, -1)]
    [InlineData(CloseWait, 0)]
    [InlineData(CloseWait, long.MaxValue)]
    [InlineData("nf_conntrack_tcp_be_liberal", 2)]
    [InlineData("nf_conntrack_max", 0)]
    public void Plan_SettingNotAllowed_IsRefusedEverywhere(string name, long value)
    {
        var node = Host(60, pods: Meshed("web"));
        var policy = Policy(0) with { Pods = true, Settings = ImmutableSortedDictionary<string, long>.Empty.Add(name, value) };

        var plan = RemediationPlanner.Plan(node, policy, KubeProxyState.Absent);

        Assert.Empty(plan.Changes);
        Assert.Single(plan.Refusals);
    }

    [Fact]
    public void Plan_TableLimitAndSwitch_AreRaisedOnTheHostOnly()
    {
        var settings = ImmutableSortedDictionary<string, long>.Empty.Add("nf_conntrack_max", 524_288).Add("nf_conntrack_tcp_be_liberal", 1);
        var policy = Policy(0) with { Pods = true, Settings = settings };

        var plan = RemediationPlanner.Plan(Host(60, pods: Meshed("web")), policy, KubeProxyState.Absent);

        Assert.Equal(
            [
                (SysctlTarget.HostScope, "nf_conntrack_max", 262_144, 524_288),
                (SysctlTarget.HostScope, "nf_conntrack_tcp_be_liberal", 0, 1),
                (SysctlTarget.PodScope, "nf_conntrack_tcp_be_liberal", 0, 1),
            ],
            Changes(plan));
        Assert.Empty(RemediationPlanner.Plan(Host(60, limit: 0), policy with { Pods = false, Settings = settings.Remove("nf_conntrack_tcp_be_liberal") }, KubeProxyState.Absent).Changes);
    }

    [Theory]
    [InlineData("", true, true)]
    [InlineData("app=web", true, false)]
    [InlineData("app!=web", false, true)]
    [InlineData("app in (web, shop)", true, false)]
    [InlineData("app notin (web)", false, true)]
    [InlineData("app", true, true)]
    [InlineData("!app", false, false)]
    [InlineData("kubernetes.io/metadata.name=shop,app=web", true, false)]
    [InlineData("kubernetes.io/metadata.name in (other)", false, false)]
    public void Plan_PodSelector_SelectsByLabelAndNamespace(string selector, bool web, bool cart)
    {
        var plan = RemediationPlanner.Plan(Host(3600, pods: [Meshed("web", labels: ("app", "web")), Meshed("cart", labels: ("app", "cart"))]), PodPolicy(selector), KubeProxyState.Absent);

        string[] expected = [.. web ? ["web"] : Array.Empty<string>(), .. cart ? ["cart"] : Array.Empty<string>()];
        Assert.Equal(expected, plan.Changes.Select(static change => change.Target.Identity.Name));
    }

    [Fact]
    public void Plan_LabelsUnknown_RefusesOnce()
    {
        var node = Host(3600, pods: [Meshed("web") with { Kubernetes = null }, Meshed("cart") with { Kubernetes = null }]);

        var plan = RemediationPlanner.Plan(node, PodPolicy("app!=other"), KubeProxyState.Absent);

        Assert.Empty(plan.Changes);
        Assert.Contains("labels of 2 pods", plan.Refusals.Single().Reason, StringComparison.Ordinal);
        Assert.Equal(2, RemediationPlanner.Plan(node, PodPolicy("kubernetes.io/metadata.name=shop"), KubeProxyState.Absent).Changes.Length);
    }

    [Fact]
    public void Plan_HostNetworkPodsAndOthers_AreLeftAlone()
    {
        var node = Host(3600, pods:
        [
            Meshed("proxy") with { HostNetwork = true },
            Meshed("box") with { Identity = new(PodKind.Container, "", "container:0123456789ab", "") },
            Meshed("high") with { Settings = Given.Settings(7200) },
        ]);

        Assert.Empty(RemediationPlanner.Plan(node, PodPolicy(""), KubeProxyState.Absent).Changes);
    }

    [Fact]
    public void Plan_PodsOwnTableFull_IsRefused()
    {
        var entries = new long[HalfClosedEntries.Length];
        entries[HalfClosedEntries.IndexOf(ConntrackTableKind.Pod, true, ClosedBy.Peer)] = 3000;
        var pod = Meshed("web") with { OwnTableEntries = 3000, HalfClosed = new() { Entries = new([.. entries]) } };

        var plan = RemediationPlanner.Plan(Host(3600, pods: pod), PodPolicy(""), KubeProxyState.Absent);

        Assert.Empty(plan.Changes);
        Assert.Contains("50/s", plan.Refusals.Single().Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1h", 3600L)]
    [InlineData("1h30m", 5400L)]
    [InlineData("120", 120L)]
    [InlineData("90s", 90L)]
    public void Plan_Annotation_SelectsAndGivesTheValue(string text, long seconds)
    {
        var pod = Annotated("web", text);

        Assert.Equal(seconds, RemediationPlanner.Plan(Host(3600, pods: pod), PodPolicy("app=other"), KubeProxyState.Absent).Changes.Single().To);
        Assert.Equal(seconds, RemediationPlanner.Plan(Host(3600, pods: pod), PodPolicy(""), KubeProxyState.Absent).Changes.Single().To);
        Assert.Empty(RemediationPlanner.Plan(Host(3600, pods: pod), Policy(3600), KubeProxyState.Absent).Changes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1h")]
    [InlineData("0")]
    [InlineData("25h")]
    [InlineData("999999999h")]
    [InlineData("99999999999999999999")]
    [InlineData("1h/../../kernel/panic")]
    [InlineData("3600\n1")]
    [InlineData("3600\n")]
    [InlineData("nf_conntrack_max=1")]
    [InlineData("٣٦٠٠")]
    public void Plan_AnnotationMalicious_IsRefusedAndNothingIsWritten(string text)
    {
        var plan = RemediationPlanner.Plan(Host(3600, pods: Annotated("web", text)), PodPolicy(""), KubeProxyState.Absent);

        Assert.Empty(plan.Changes);
        var refusal = Assert.Single(plan.Refusals);
        Assert.Equal("pod shop/web", refusal.Where);
        Assert.Contains(RemediationPlanner.Annotation, refusal.Reason, StringComparison.Ordinal);
        Assert.True(text.Length == 0 || !refusal.Reason.Contains(text, StringComparison.Ordinal) || text is "0" or "25h");
    }

    private static Snapshot Host(long closeWait, long entries = 1000, long limit = 262_144, long closeWaitEntries = 10, params PodSnapshot[] pods)
    {
        var node = Given.Node([new() { Identity = PodIdentity.Host, NamespaceInode = 4026531840 }, .. pods]);
        return node with
        {
            HostSettings = Given.Settings(closeWait),
            Conntrack = new() { Entries = entries, Limit = limit, Flows = Given.Flows(entries, closeWaitEntries) },
        };
    }

    private static Snapshot Host(long current, long entries, long limit, long closeWait) => Host(current, entries, limit, closeWaitEntries: closeWait, pods: []);

    private static PodSnapshot Meshed(string name, params (string Key, string Value)[] labels) => Given.Pod(name) with
    {
        Settings = Given.Settings(60),
        OwnTableEntries = 12,
        Kubernetes = new() { Namespace = "shop", Name = name, Uid = $"uid-{name}", Labels = labels.ToImmutableDictionary(static label => label.Key, static label => label.Value) },
    };

    private static PodSnapshot Annotated(string name, string value)
    {
        var pod = Meshed(name);
        return pod with { Kubernetes = pod.Kubernetes! with { Annotations = ImmutableDictionary<string, string>.Empty.Add(RemediationPlanner.Annotation, value) } };
    }

    private static RemediationPolicy Policy(long closeWait) => new()
    {
        Host = true,
        Settings = ImmutableSortedDictionary<string, long>.Empty.Add(CloseWait, closeWait),
        MaxTableFill = 0.5,
    };

    private static RemediationPolicy PodPolicy(string selector) => Policy(3600) with
    {
        Host = false,
        Pods = true,
        PodSelector = LabelSelector.TryParse(selector, out var parsed) ? parsed : throw new ArgumentException(selector),
    };

    private static IEnumerable<(string, string, long, long)> Changes(RemediationPlan plan) =>
        plan.Changes.Select(static change => (change.Target.Scope, change.Sysctl, change.From, change.To));
}
