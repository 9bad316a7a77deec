using System.Collections.Immutable;

namespace Agent.Core.Diagnosis;

/// <summary>
/// Which finding follows from which, as <see cref="FindingExplanation.FollowsFrom"/> says. A consequence keeps its own entry, because it
/// names the victims, and says in <see cref="Finding.CausedBy"/> what to repair: there is one thing to do, not two alarms.
/// </summary>
public static class CauseLinks
{
    /// <summary>
    /// Sets <see cref="Finding.CausedBy"/> and puts the cause's fixes in place of the consequence's own. Findings that already name a
    /// cause keep it.
    /// </summary>
    public static ImmutableArray<Finding> Link(IEnumerable<Finding> findings)
    {
        ImmutableArray<Finding> all = [.. findings];
        var known = all.ToLookup(static finding => (finding.Id, finding.Subject));
        var ofNode = all
            .Where(static finding => finding.Subject.Kind == SubjectKind.Node)
            .ToLookup(static finding => finding.Id, StringComparer.Ordinal);
        return [.. all.Select(finding => finding.CausedBy is null && CauseOf(finding, known, ofNode) is { } cause
            ? finding with { CausedBy = cause.Id, CauseSubject = cause.Subject, Fix = cause.Fix }
            : finding)];
    }

    private static Finding? CauseOf(
        Finding finding, ILookup<(string Id, FindingSubject Subject), Finding> known, ILookup<string, Finding> ofNode) =>
        (FindingCatalog.Find(finding.Id)?.FollowsFrom ?? [])
            .Select(link => (link.Reach == CauseReach.Node ? ofNode[link.Cause] : known[(link.Cause, finding.Subject)]).FirstOrDefault())
            .FirstOrDefault(static cause => cause is not null);
}
