using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>Lost requests that a finding explains, where it is at least a warning.</summary>
/// <param name="Role">The role of the pod that lost them.</param>
/// <param name="Cause">How they were lost.</param>
public readonly record struct LossClaim(EndRole Role, LossCause Cause)
{
    /// <summary>A server that closes: requests cross the close, or lie unread at it.</summary>
    public static ImmutableArray<LossClaim> MetServersClose { get; } =
        [new(EndRole.Server, LossCause.AfterClose), new(EndRole.Server, LossCause.UnreadAtClose)];

    /// <summary>A server that dies: whatever it had not answered.</summary>
    public static ImmutableArray<LossClaim> ServerDied { get; } = [.. MetServersClose, new(EndRole.Server, LossCause.Unanswered)];

    /// <summary>What this pod calls closes or forgets connections: requests that it sent met a reset.</summary>
    public static ImmutableArray<LossClaim> MetPeersClose { get; } =
        [new(EndRole.Client, LossCause.AfterClose), new(EndRole.Client, LossCause.UnreadAtClose)];

    /// <summary>Whether one of these findings explains lost requests of a pod.</summary>
    /// <param name="findings">What was found.</param>
    /// <param name="subject">The pod.</param>
    /// <param name="lost">Its losses of one role, cause and port.</param>
    public static bool IsExplained(IEnumerable<Finding> findings, FindingSubject subject, LostRequests lost) => findings.Any(finding =>
        (finding.Ports is not { } ports || ports.Contains(lost.Port)) && ClaimsOf(finding, subject).Contains(new(lost.Role, lost.Cause)));

    /// <summary>Which lost requests of a pod a finding explains, at its ports; none where it is of another, or only a note.</summary>
    public static ImmutableArray<LossClaim> ClaimsOf(Finding finding, FindingSubject subject) =>
        finding.Severity >= Severity.Warning
        && (finding.Subject == subject || finding.Subject.Kind == SubjectKind.Node)
        && FindingCatalog.Find(finding.Id) is { } explanation
            ? explanation.Explains
            : [];
}
