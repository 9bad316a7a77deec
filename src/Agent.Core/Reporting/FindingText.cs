using Agent.Core.Diagnosis;

namespace Agent.Core.Reporting;

/// <summary>What a finding says, in sentences; the same in all formats.</summary>
public static class FindingText
{
    /// <summary>What was seen, examples of it, what follows from it, and what it follows from; one sentence or two each.</summary>
    public static IEnumerable<string> Evidence(Finding finding)
    {
        var follows = FollowsFrom(finding);
        return [.. finding.Evidence, .. finding.Examples, .. finding.Consequences.Select(Consequence), .. follows is null
            ? Array.Empty<string>()
            : [follows]];
    }

    /// <summary>A fix in one line, <c>where: text</c>.</summary>
    public static string Fix(FindingFix fix) => $"{Where(fix)}: {fix.Text}";

    /// <summary>What a fix is for, and what must hold where that is not known: <c>Node.js, if that is what serves</c>.</summary>
    public static string Where(FindingFix fix) => fix.Condition.Length == 0 ? fix.Where : $"{fix.Where}, {fix.Condition}";

    /// <summary><c>seen for 12m</c>; empty when a single scan cannot know.</summary>
    public static string Seen(Finding finding, DateTimeOffset takenAt) =>
        finding.FirstSeen is not { } first ? ""
        : takenAt > first ? $"seen for {HumanText.Duration(takenAt - first)}"
        : "first seen now";

    /// <summary>
    /// <c>pod shop/web-1</c>, <c>node n1</c>; the names of hosts, namespaces and containers say by themselves what they are.
    /// </summary>
    public static string Subject(FindingSubject subject) =>
        subject.Kind is SubjectKind.Host or SubjectKind.NetworkNamespace or SubjectKind.Container
            ? subject.DisplayName
            : $"{subject.KindName} {subject.DisplayName}";

    // The connections are listed elsewhere in each report, one by one.
    private static string Consequence(Finding finding) =>
        $"{Verdicts.Name(finding.Severity).ToUpperInvariant()} {finding.Id}: {finding.Title}. {string.Join(' ', finding.Evidence)}";

    /// <summary>The cause is named where it is another owner's; the node's is plain from its id.</summary>
    private static string? FollowsFrom(Finding finding) => finding switch
    {
        { CausedBy: null } => null,
        { CauseSubject: { IsOfNode: false } cause } when cause != finding.Subject => $"Follows from {finding.CausedBy} of "
            + $"{cause.DisplayName}: repair that first.",
        _ => $"Follows from {finding.CausedBy}: repair that first.",
    };
}
