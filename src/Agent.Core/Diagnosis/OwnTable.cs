using System.Collections.Immutable;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>Pods that track connections in their own network namespace, as a service mesh makes them do.</summary>
internal static class OwnTable
{
    /// <summary>What raises the timeout there: kube-proxy and the node's sysctl do not reach it.</summary>
    public static ImmutableArray<FindingFix> Fixes =>
    [
        .. CloseWaitTimeoutShortRule.AllFixes.Where(static fix => fix.Reaches.HasFlag(FixReach.PodTables)),
    ];

    /// <summary>What raises the timeout of the node's own table.</summary>
    public static ImmutableArray<FindingFix> FixesOfHost =>
        [.. CloseWaitTimeoutShortRule.AllFixes.Where(static fix => fix.Reaches.HasFlag(FixReach.HostTable))];

    /// <summary>
    /// True when the pod's own namespace tracks. Where that was not probed its entries tell; but the last one may have been forgotten
    /// already, so an
    /// empty table says nothing when there were entries before, nor when a connection was forgotten that the host would have kept.
    /// </summary>
    public static bool Tracks(DiagnosisContext context, PodSnapshot pod) => pod.OwnTableTracks
        ?? (pod.OwnTableEntries > 0
            || context.HistoryOf(pod.Identity).Any(static seen => seen.Pod.OwnTableEntries > 0)
            || (pod.HalfClosed.Untracked > 0
                && context.Current.HostSettings?.CloseWaitSeconds is { } host
                && TimeSpan.FromSeconds(host) >= context.Options.CloseWaitTimeout));
}
