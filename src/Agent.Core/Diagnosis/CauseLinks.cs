using System.Collections.Immutable;

namespace Agent.Core.Diagnosis;

/// <summary>
/// Which finding follows from which. A consequence keeps its own entry, because it names the victims, and says in
/// <see cref="Finding.CausedBy"/> what to repair: there is one thing to do, not two alarms.
/// </summary>
public static class CauseLinks
{
    private enum Reach
    {
        /// <summary>Both are about the same subject.</summary>
        SameSubject,

        /// <summary>The cause is the node's, the consequence anyone's.</summary>
        Node,
    }

    // The first that matches wins: the nearer cause before the farther.
    private static readonly ImmutableArray<(string Consequence, string Cause, Reach Reach)> s_links =
    [
        (FindingIds.HalfClosedExpiring, FindingIds.CloseWaitLeak, Reach.SameSubject),
        (FindingIds.HalfClosedExpiring, FindingIds.CloseWaitTimeoutShort, Reach.SameSubject),
        (FindingIds.HalfClosedUntracked, FindingIds.CloseWaitTimeoutShort, Reach.SameSubject),
        (FindingIds.HalfClosedExpiring, FindingIds.CloseWaitTimeoutShort, Reach.Node),
        (FindingIds.HalfClosedUntracked, FindingIds.CloseWaitTimeoutShort, Reach.Node),
        (FindingIds.HalfClosedUntracked, FindingIds.CloseWaitLeak, Reach.SameSubject),
        (FindingIds.FinWait2PileUp, FindingIds.CloseWaitLeak, Reach.SameSubject),
        (FindingIds.ResetOnReuse, FindingIds.BackendClosesIdleFirst, Reach.SameSubject),
        // The kernel makes room by dropping half-closed entries first.
        (FindingIds.HalfClosedUntracked, FindingIds.ConntrackTablePressure, Reach.Node),
        (FindingIds.ConntrackDrops, FindingIds.ConntrackTablePressure, Reach.Node),
        (FindingIds.TerminatingWithConnections, FindingIds.TerminationUnprepared, Reach.SameSubject),
        (FindingIds.ReadinessFlapping, FindingIds.ContainerRestarting, Reach.SameSubject),
        (FindingIds.PodNotReady, FindingIds.ContainerRestarting, Reach.SameSubject),
        (FindingIds.ReadinessFlapping, FindingIds.ListenQueueOverflow, Reach.SameSubject),
        (FindingIds.PodNotReady, FindingIds.ListenQueueOverflow, Reach.SameSubject),
        (FindingIds.PodNotReady, FindingIds.ReadinessFlapping, Reach.SameSubject),
    ];

    /// <summary>
    /// Sets <see cref="Finding.CausedBy"/> and puts the cause's fixes in place of the consequence's own. Findings that already name a cause keep it.
    /// </summary>
    public static ImmutableArray<Finding> Link(IEnumerable<Finding> findings)
    {
        ImmutableArray<Finding> all = [.. findings];
        var known = all.ToLookup(static finding => (finding.Id, finding.Subject));
        var ofNode = all.Where(static finding => finding.Subject.Kind == SubjectKind.Node).ToLookup(static finding => finding.Id, StringComparer.Ordinal);
        return [.. all.Select(finding => finding.CausedBy is null && CauseOf(finding, known, ofNode) is { } cause
            ? finding with { CausedBy = cause.Id, CauseSubject = cause.Subject, Fix = cause.Fix }
            : finding)];
    }

    private static Finding? CauseOf(Finding finding, ILookup<(string Id, FindingSubject Subject), Finding> known, ILookup<string, Finding> ofNode) => s_links
        .Where(link => link.Consequence == finding.Id)
        .Select(link => (link.Reach == Reach.Node ? ofNode[link.Cause] : known[(link.Cause, finding.Subject)]).FirstOrDefault())
        .FirstOrDefault(static cause => cause is not null);
}
