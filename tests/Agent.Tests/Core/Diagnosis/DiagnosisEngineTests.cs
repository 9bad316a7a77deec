using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Agent.Core.Reporting;
using Xunit;

namespace Agent.Tests.Core.Diagnosis;

public sealed class DiagnosisEngineTests
{
    [Fact]
    public void Evaluate_HealthyNode_Ok()
    {
        var result = DiagnosisEngine.Evaluate(Given.Alone(Given.Node(Given.Pod())));
        Assert.Empty(result.Findings);
        Assert.Equal(Verdict.Ok, result.Verdict);
        Assert.StartsWith("OK: ", result.Headline.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_RuleThrows_CostsOnlyItself()
    {
        var result = DiagnosisEngine.Evaluate(Given.Alone(Given.Node()), [new Broken(), new Fixed(Make("close-wait-leak", Severity.Critical))]);
        Assert.Equal(["close-wait-leak", "source-unavailable"], result.Findings.Select(static finding => finding.Id));
        Assert.Equal("internal", result.Findings[1].Subject.Name);
        Assert.Contains("the cat sat on it", result.Findings[1].Evidence[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_Consequence_NamesItsCauseAndComesAfterIt()
    {
        var result = DiagnosisEngine.Evaluate(Given.Alone(Given.Node()), [new Fixed(
            Make(HalfClosedUntrackedRule.Id, Severity.Critical, victims: 90),
            Make(CloseWaitTimeoutShortRule.Id, Severity.Critical, FindingSubject.Node(Given.Node()), 5))]);
        Assert.Equal([CloseWaitTimeoutShortRule.Id, HalfClosedUntrackedRule.Id], result.Findings.Select(static finding => finding.Id));
        Assert.Equal(CloseWaitTimeoutShortRule.Id, result.Findings[1].CausedBy);
        Assert.Equal(result.Findings[0].Fix, result.Findings[1].Fix);
        Assert.DoesNotContain("other finding", result.Headline.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Headline_ConsequenceWorseThanItsCause_NamesTheCauseAsBadAsThat()
    {
        var result = DiagnosisEngine.Evaluate(Given.Alone(Given.Node()), [new Fixed(
            Make(ResetOnReuseRule.Id, Severity.Critical),
            Make(BackendClosesIdleFirstRule.Id, Severity.Info),
            Make(ContainerRestartingRule.Id, Severity.Warning))]);
        Assert.Equal("CRITICAL: backend-closes-idle-first of shop/web (and 1 other finding)", result.Headline.ToString());
        Assert.Equal(Verdict.Critical, result.Verdict);
    }

    [Fact]
    public void Headline_CauseNotShown_NamesTheConsequence()
    {
        var consequence = Make(ResetOnReuseRule.Id, Severity.Critical) with { CausedBy = BackendClosesIdleFirstRule.Id };
        Assert.Equal("CRITICAL: reset-on-reuse of shop/web", Headline.Of([consequence], []).ToString());
    }

    [Fact]
    public void Evaluate_CauseOfAnotherPod_IsNotTheCause()
    {
        var result = DiagnosisEngine.Evaluate(Given.Alone(Given.Node()), [new Fixed(
            Make(ResetOnReuseRule.Id, Severity.Warning),
            Make(BackendClosesIdleFirstRule.Id, Severity.Warning, new(SubjectKind.Pod, "shop", "other")))]);
        Assert.All(result.Findings, static finding => Assert.Null(finding.CausedBy));
        Assert.EndsWith("(and 1 other finding)", result.Headline.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_Order_WorstThenMostVictims()
    {
        var result = DiagnosisEngine.Evaluate(Given.Alone(Given.Node()), [new Fixed(
            Make("a", Severity.Info, victims: 900),
            Make("b", Severity.Critical, victims: 1),
            Make("c", Severity.Warning, victims: 3),
            Make("d", Severity.Warning, victims: 30))]);
        Assert.Equal(["b", "d", "c", "a"], result.Findings.Select(static finding => finding.Id));
    }

    [Fact]
    public void Evaluate_NothingReadable_UnknownInsteadOfOk()
    {
        var node = Given.Node();
        var blind = node with { Sources = [.. node.Sources.Select(static source => source with { Status = SourceStatus.Unavailable })] };
        Assert.Equal("UNKNOWN: nothing found, but conntrack and sockets could not be read", DiagnosisEngine.Evaluate(Given.Alone(blind)).Headline.ToString());
    }

    [Fact]
    public void Grouped_ManyPods_OneEntryThatNamesThem()
    {
        var many = Enumerable.Range(0, 20).Select(static index => Make("close-wait-leak", Severity.Warning, new(SubjectKind.Pod, "shop", $"web-{index:00}"), 100 - index)).ToArray();
        var result = DiagnosisEngine.Evaluate(Given.Alone(Given.Node()), [new Fixed(many)]);
        Assert.Equal(20, result.Findings.Length);
        var grouped = Assert.Single(result.Grouped);
        Assert.EndsWith("(+19 more pods)", grouped.Title, StringComparison.Ordinal);
        Assert.Contains(grouped.Evidence, static line => line.StartsWith("+17 more pods: shop/web-03, ", StringComparison.Ordinal) && line.EndsWith(", ...", StringComparison.Ordinal));
        Assert.Equal(many.Sum(static finding => finding.Victims), grouped.Victims);
    }

    [Fact]
    public void Grouped_Consequences_AreEvidenceOfTheirCauseWhichIsAsBad()
    {
        var result = DiagnosisEngine.Evaluate(Given.Alone(Given.Node()), [new Fixed(
            Make(HalfClosedUntrackedRule.Id, Severity.Critical, victims: 2),
            Make(HalfClosedExpiringRule.Id, Severity.Warning, victims: 5),
            Make(CloseWaitTimeoutShortRule.Id, Severity.Warning, FindingSubject.Node(Given.Node())),
            Make(ContainerRestartingRule.Id, Severity.Warning))]);
        Assert.Equal([(CloseWaitTimeoutShortRule.Id, Severity.Critical), (ContainerRestartingRule.Id, Severity.Warning)], result.Grouped.Select(static entry => (entry.Id, entry.Severity)));
        Assert.Equal(["Seen."], result.Grouped[0].Evidence);
        Assert.Collection(
            FindingText.Evidence(result.Grouped[0]),
            static own => Assert.Equal("Seen.", own),
            static worst => Assert.Equal("CRITICAL half-closed-untracked: half-closed-untracked of shop/web. Seen.", worst),
            static other => Assert.Equal("WARNING half-closed-expiring: half-closed-expiring of shop/web. Seen.", other));
        Assert.Equal(4, result.Findings.Length);
    }

    [Fact]
    public void Grouped_ConsequencesOfManyPods_AreOneLine()
    {
        var node = FindingSubject.Node(Given.Node());
        var pods = Enumerable.Range(0, 20).Select(static index => Make(HalfClosedUntrackedRule.Id, Severity.Critical, new(SubjectKind.Pod, "shop", $"web-{index:00}"), 100 - index));
        var result = DiagnosisEngine.Evaluate(Given.Alone(Given.Node()), [new Fixed([Make(CloseWaitTimeoutShortRule.Id, Severity.Critical, node), .. pods])]);
        var entry = Assert.Single(result.Grouped);
        Assert.Equal("half-closed-untracked of shop/web-00 (+19 more pods)", Assert.Single(entry.Consequences).Title);
    }

    [Fact]
    public void Grouped_CauseIsAnotherPods_FollowsWhereItPoints()
    {
        var leaking = new FindingSubject(SubjectKind.Pod, "shop", "app");
        var pile = Make(FinWait2PileUpRule.Id, Severity.Warning) with { CausedBy = CloseWaitLeakRule.Id, CauseSubject = leaking };
        var elsewhere = Make(CloseWaitLeakRule.Id, Severity.Warning, new(SubjectKind.Pod, "shop", "other"), victims: 99);
        Assert.Equal(2, FindingGroups.ForReading([elsewhere, pile]).Length);
        var grouped = FindingGroups.ForReading([elsewhere, Make(CloseWaitLeakRule.Id, Severity.Warning, leaking), pile]);
        Assert.Equal([0, 1], grouped.Select(static entry => entry.Consequences.Length));
    }

    [Fact]
    public void Grouped_Sources_StayApart()
    {
        var sources = Enumerable.Range(0, 6).Select(static index => Make("source-unavailable", Severity.Info, FindingSubject.Source($"source-{index}"))).ToArray();
        Assert.Equal(6, DiagnosisEngine.Evaluate(Given.Alone(Given.Node()), [new Fixed(sources)]).Grouped.Length);
    }

    internal static Finding Make(string id, Severity severity, FindingSubject? subject = null, long victims = 1) => new()
    {
        Id = id,
        Severity = severity,
        Title = $"{id} of {(subject ?? new(SubjectKind.Pod, "shop", "web")).DisplayName}",
        Subject = subject ?? new(SubjectKind.Pod, "shop", "web"),
        Evidence = ["Seen."],
        Why = "Because.",
        Fix = [new("there", "Do.")],
        Reference = "docs",
        Victims = victims,
    };

    private sealed class Broken : IFindingRule
    {
        public FindingExplanation Explanation { get; } = FindingCatalog.Get(CloseWaitLeakRule.Id);

        public IEnumerable<Finding> Evaluate(DiagnosisContext context) => throw new InvalidOperationException("the cat sat on it");
    }

    private sealed class Fixed(params Finding[] findings) : IFindingRule
    {
        public FindingExplanation Explanation { get; } = FindingCatalog.Get(CloseWaitLeakRule.Id);

        public IEnumerable<Finding> Evaluate(DiagnosisContext context) => findings;
    }
}
