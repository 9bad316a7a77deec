using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;
using Agent.Core.Remediation;

namespace Agent.Remediation;

/// <summary>Makes the finding sysctl-conflict, with whoever most likely is the other writer.</summary>
internal static class ConflictFindings
{
    public static IEnumerable<Finding> Of(
        Snapshot snapshot,
        RewritePacing pacing,
        IReadOnlyDictionary<SysctlKey, WrittenValue> written,
        KubeProxyState kubeProxy,
        ImmutableArray<string> writers)
    {
        var owners = pacing.Conflicts
            .Where(conflict => written.ContainsKey(conflict.Key))
            .ToLookup(conflict => written[conflict.Key].Target);
        foreach (var owner in owners)
        {
            var isHost = owner.Key.Scope == SysctlTarget.HostScope;
            var first = owner.First();
            var evidence = owner.Select(static conflict => string.Create(
                CultureInfo.InvariantCulture,
                $"net.netfilter.{conflict.Key.Sysctl}: this agent wrote {conflict.Wanted}, later it was {conflict.Found}; "
                + $"changed {conflict.Conflicts} times, "
                + $"next rewrite in {Math.Max(0, conflict.NextIn.TotalMinutes):0} min at the earliest."));
            var writer = isHost ? HostWriter(first.Key.Sysctl, first.Found, kubeProxy, writers) : PodWriter;
            yield return SysctlConflict.Explanation.Report(
                Severity.Warning,
                isHost ? FindingSubject.Node(snapshot) : FindingSubject.Of(owner.Key.Identity),
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"another writer sets {first.Key.Sysctl} of {owner.Key.DisplayName} to {first.Found}"),
                [.. evidence, $"Most likely: {writer}."],
                owner.Sum(static conflict => conflict.Conflicts));
        }
    }

    private const string PodWriter =
        "a privileged container of the pod, such as a service mesh's (linkerd: annotation config.linkerd.io/close-wait-timeout)";

    private static string HostWriter(string sysctl, long found, KubeProxyState kubeProxy, ImmutableArray<string> writers)
    {
        if (kubeProxy.Values.TryGetValue(sysctl, out var theirs) && theirs == found)
        {
            return $"kube-proxy, whose flag {KubeProxyState.Flags[sysctl]} sets this value when it starts";
        }

        return writers.IsEmpty
            ? "configuration management or someone at a shell: look for the setting in /etc/sysctl.d and in what manages this node"
            : $"one of {string.Join(", ", writers)}, which run here, or configuration management";
    }
}
