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
        (FindingIds.HalfClosedExpiring, FindingIds.CloseWaitTimeoutShort, Reach.SameSubject),
        (FindingIds.HalfClosedUntracked, FindingIds.CloseWaitTimeoutShort, Reach.SameSubject),
        (FindingIds.HalfClosedExpiring, FindingIds.CloseWaitTimeoutShort, Reach.Node),
        (FindingIds.HalfClosedUntracked, FindingIds.CloseWaitTimeoutShort, Reach.Node),
        (FindingIds.HalfClosedExpiring, FindingIds.CloseWaitLeak, Reach.SameSubject),
        (FindingIds.HalfClosedUntracked, FindingIds.CloseWaitLeak, Reach.SameSubject),
        (FindingIds.ResetOnReuse, FindingIds.BackendClosesIdleFirst, Reach.SameSubject),
        (FindingIds.ConntrackDrops, FindingIds.ConntrackTablePressure, Reach.Node),
        (FindingIds.TerminatingWithConnections, FindingIds.TerminationUnprepared, Reach.SameSubject),
        (FindingIds.ReadinessFlapping, FindingIds.ContainerRestarting, Reach.SameSubject),
        (FindingIds.PodNotReady, FindingIds.ContainerRestarting, Reach.SameSubject),
        (FindingIds.ReadinessFlapping, FindingIds.ListenQueueOverflow, Reach.SameSubject),
        (FindingIds.PodNotReady, FindingIds.ListenQueueOverflow, Reach.SameSubject),
        (FindingIds.PodNotReady, FindingIds.ReadinessFlapping, Reach.SameSubject),
    ];

    /// <summary>Sets <see cref="Finding.CausedBy"/> and says so in the evidence. Findings that already name a cause keep it.</summary>
    public static ImmutableArray<Finding> Link(IEnumerable<Finding> findings)
    {
        ImmutableArray<Finding> all = [.. findings];
        var known = all.Select(static finding => (finding.Id, finding.Subject)).ToHashSet();
        var ofNode = all.Where(static finding => finding.Subject.Kind is "node").Select(static finding => finding.Id).ToHashSet(StringComparer.Ordinal);
        return [.. all.Select(finding => Cause(finding, known, ofNode) is { } cause
            ? finding with { CausedBy = cause, Evidence = finding.Evidence.Add($"Follows from {cause}: repair that first.") }
            : finding)];
    }

    private static string? Cause(Finding finding, HashSet<(string Id, FindingSubject Subject)> known, HashSet<string> ofNode)
    {
        if (finding.CausedBy is not null)
        {
            return null;
        }

        foreach (var (consequence, cause, reach) in s_links)
        {
            if (consequence == finding.Id && (reach == Reach.Node ? ofNode.Contains(cause) : known.Contains((cause, finding.Subject))))
            {
                return cause;
            }
        }

        return null;
    }
}
