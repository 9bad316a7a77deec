using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Xunit;

namespace Agent.Tests.Core.Diagnosis.Rules;

public sealed class CloseWaitTimeoutShortRuleTests
{
    private static readonly CloseWaitTimeoutShortRule s_rule = new();

    private static Snapshot Short(params PodSnapshot[] pods) => Given.Node(pods) with { HostSettings = Given.Settings(60) };

    private static PodSnapshot HalfClosed(long expiring = 0, long untracked = 0, int oldestSeconds = 30, string name = "web") => Given.Pod(name) with
    {
        HalfClosed = new()
        {
            CloseWaitSockets = 5,
            Expiring = expiring,
            NeededEntryTimes = Given.Times(expiring, 20),
            Untracked = untracked,
            UntrackedLost = untracked,
            Oldest = TimeSpan.FromSeconds(oldestSeconds),
        },
    };

    [Fact]
    public void Evaluate_RecommendedTimeout_Silent() => Assert.Empty(s_rule.Evaluate(Given.Alone(Given.Node(HalfClosed(untracked: 3)))));

    [Fact]
    public void Evaluate_UnreadableSettings_Silent() =>
        Assert.Empty(s_rule.Evaluate(Given.Alone(Given.Node(HalfClosed(untracked: 3)) with { HostSettings = null })));

    [Fact]
    public void Evaluate_SettingAlone_Info()
    {
        var finding = Given.Only(s_rule, Given.Alone(Short(Given.Pod())));
        Assert.Equal(Severity.Info, finding.Severity);
        Assert.Equal(SubjectKind.Node, finding.Subject.Kind);
        Assert.Contains("after 1m", finding.Title, StringComparison.Ordinal);
        Assert.Contains(finding.Fix, static fix => fix.Text.Contains("--conntrack-tcp-timeout-close-wait=1h", StringComparison.Ordinal));
    }

    [Fact]
    public void Evaluate_ConnectionsPassingThrough_StaysInfo()
    {
        var passing = Given.Pod() with { HalfClosed = new() { FinWait2Sockets = 40, Oldest = TimeSpan.FromMilliseconds(300), Expiring = 40 } };
        Assert.Equal(Severity.Info, Given.Only(s_rule, Given.Alone(Short(passing))).Severity);
    }

    [Fact]
    public void Evaluate_LastingHalfClosed_Warning() =>
        Assert.Equal(Severity.Warning, Given.Only(s_rule, Given.Alone(Short(HalfClosed(expiring: 5)))).Severity);

    [Fact]
    public void Evaluate_LeakedByTheApplication_StaysInfo()
    {
        var leaky = HalfClosed(expiring: 20);
        leaky = leaky with { HalfClosed = leaky.HalfClosed with { LeakedCloseWaitSockets = 20 } };
        Assert.Equal(Severity.Info, Given.Only(s_rule, Given.Alone(Short(leaky))).Severity);
    }

    [Fact]
    public void Evaluate_PodThatNothingTracks_StaysInfo() =>
        Assert.Equal(Severity.Info, Given.Only(s_rule, Given.Alone(Short(HalfClosed(expiring: 5) with { IsTracked = false }))).Severity);

    [Theory]
    [InlineData(59u, Severity.Info)]
    [InlineData(45u, Severity.Warning)]
    [InlineData(900u, Severity.Warning)]
    public void Evaluate_TranslatedEntriesOnly_WarnsOnceTheyLast(uint secondsLeft, Severity expected)
    {
        var snapshot = Short();
        snapshot = snapshot with { Conntrack = snapshot.Conntrack! with { Flows = Given.Flows(100, 1, Given.CloseWaitEntry(secondsLeft)) } };
        Assert.Equal(expected, Given.Only(s_rule, Given.Alone(snapshot)).Severity);
    }

    /// <summary>Two routed pods: loose tables pick up again what they do not translate.</summary>
    [Fact]
    public void Evaluate_NothingTranslated_StaysInfoAndSaysNothingOfLosses()
    {
        var routed = HalfClosed();
        routed = routed with { HalfClosed = routed.HalfClosed with { Untracked = 3, Expiring = 2, EntryTimes = Given.Times(2, 20) } };
        var finding = Given.Only(s_rule, Given.Alone(Short(routed)));
        Assert.Equal(Severity.Info, finding.Severity);
        Assert.DoesNotContain(finding.Evidence, static line => line.Contains("already", StringComparison.Ordinal));
    }

    [Fact]
    public void Evaluate_Untracked_CriticalAndNamesThePods()
    {
        var finding = Given.Only(s_rule, Given.Alone(Short(HalfClosed(untracked: 3), HalfClosed(untracked: 1, name: "api"))));
        Assert.Equal(Severity.Critical, finding.Severity);
        Assert.Contains(finding.Evidence, static line => line.Contains("4 half-closed sockets already without the entry that they need", StringComparison.Ordinal) && line.Contains("shop/web (3), shop/api (1)", StringComparison.Ordinal));
    }

    [Fact]
    public void Evaluate_MeshedPodKeepsItsOwnDefault_NamesThePodNotTheHost()
    {
        var meshed = HalfClosed(untracked: 2) with { OwnTableEntries = 12, Settings = Given.Settings(60) };
        var finding = Given.Only(s_rule, Given.Alone(Given.Node(meshed)));
        Assert.Equal((SubjectKind.Pod, "shop", "web"), (finding.Subject.Kind, finding.Subject.Namespace, finding.Subject.Name));
        Assert.Equal(Severity.Critical, finding.Severity);
        Assert.Contains(finding.Fix, static fix => fix.Text.Contains("config.linkerd.io/close-wait-timeout", StringComparison.Ordinal));
        Assert.DoesNotContain(finding.Fix, static fix => fix.Where.Contains("kube-proxy", StringComparison.Ordinal));
    }

    [Fact]
    public void Evaluate_PlainPodThatTracksNothing_Silent() =>
        Assert.Empty(s_rule.Evaluate(Given.Alone(Given.Node(HalfClosed() with { OwnTableEntries = 0, Settings = Given.Settings(60) }))));

    [Fact]
    public void Evaluate_ThePodsOnlyEntryIsForgotten_StillNamesThePod()
    {
        var meshed = HalfClosed(untracked: 1) with { OwnTableEntries = 0, Settings = Given.Settings(60) };
        Assert.Equal("web", Given.Only(s_rule, Given.Alone(Given.Node(meshed))).Subject.Name);
    }

    [Fact]
    public void Evaluate_HostAndPodBothShort_EachHasItsOwnVictims()
    {
        var meshed = HalfClosed(untracked: 4) with { OwnTableEntries = 0, OwnTableTracks = true, Settings = Given.Settings(60) };
        var findings = s_rule.Evaluate(Given.Alone(Short(meshed))).ToList();
        Assert.Equal([(SubjectKind.Node, Severity.Info), (SubjectKind.Pod, Severity.Critical)], findings.Select(static finding => (finding.Subject.Kind, finding.Severity)));
    }

    [Fact]
    public void Evaluate_NamespaceThatWasProbedAndTracksNothing_Silent() => Assert.Empty(
        s_rule.Evaluate(Given.Alone(Given.Node(HalfClosed(untracked: 1) with { OwnTableTracks = false, Settings = Given.Settings(60) }))));

    [Fact]
    public void Evaluate_ForgottenByTheHost_DoesNotBlameThePod()
    {
        var plain = HalfClosed(untracked: 1) with { OwnTableEntries = 0, Settings = Given.Settings(60) };
        Assert.Equal(SubjectKind.Node, Given.Only(s_rule, Given.Alone(Short(plain))).Subject.Kind);
    }
}
