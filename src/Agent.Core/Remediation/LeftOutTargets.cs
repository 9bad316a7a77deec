using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Remediation;

/// <summary>Namespaces that a plan does not look after, and why.</summary>
/// <param name="Names">Whose, for people; at least one.</param>
/// <param name="Reason">Why.</param>
/// <param name="Instead">What would take them in; empty where nothing should.</param>
public sealed record LeftOutTargets(ImmutableArray<string> Names, string Reason, string Instead)
{
    /// <summary>What a policy leaves out of a snapshot, by reason.</summary>
    public static ImmutableArray<LeftOutTargets> Of(Snapshot snapshot, RemediationPolicy policy) =>
    [
        .. snapshot.Pods
            .Select(owner => (owner.Identity.DisplayName, Why: WhyNot(owner, policy)))
            .Where(static pair => pair.Why is not null)
            .GroupBy(static pair => pair.Why!.Value, static pair => pair.DisplayName)
            .Select(static group => new LeftOutTargets([.. group], group.Key.Reason, group.Key.Instead)),
    ];

    private static (string Reason, string Instead)? WhyNot(PodSnapshot owner, RemediationPolicy policy) => owner.Identity.Kind switch
    {
        PodKind.Host => policy.Host ? null : ("Remediation:Scope leaves the node out", "set Remediation:Scope=host or host+pods"),
        not PodKind.Pod => ("only the node's and pods' namespaces are looked after", "set its sysctl inside it (ip netns exec)"),
        _ when owner.HostNetwork => ("it uses the node's network namespace, which is the host's line", ""),
        _ when !policy.Pods => ("Remediation:Scope leaves pods out", "set Remediation:Scope=pods or host+pods"),
        _ when owner.NamespaceInode == 0 => ("its network namespace is not known", "see the source namespaces in 'closewatch report'"),
        _ when policy.PodSelector.NeedsLabels && owner.Kubernetes is null => null,
        _ when !policy.PodSelector.Matches(
            owner.Identity.Namespace, owner.Kubernetes?.Labels ?? ImmutableDictionary<string, string>.Empty) =>
            ("Remediation:PodSelector does not select it", "widen the selector, or annotate the pod with " + RemediationPlanner.Annotation),
        _ => null,
    };
}
