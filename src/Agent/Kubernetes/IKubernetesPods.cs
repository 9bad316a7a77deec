using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Kubernetes;

/// <summary>The pods of this node as the API server last told; read by every scan without waiting.</summary>
internal interface IKubernetesPods
{
    /// <summary>The newest state; swapped whole.</summary>
    KubernetesView Current { get; }
}

/// <summary>What is known from the API server, and how well.</summary>
/// <param name="Pods">All pods of this node that have not been deleted.</param>
/// <param name="Status">Ok; degraded (stale, reconnecting); unavailable (not in a cluster, no permission); failed.</param>
/// <param name="Detail">Why, and what that costs.</param>
/// <param name="LastSyncAt">When the last list, event or bookmark came; null before the first.</param>
internal sealed record KubernetesView(ImmutableArray<KubernetesPod> Pods, SourceStatus Status, string Detail, DateTimeOffset? LastSyncAt)
{
    /// <summary>What would repair it.</summary>
    public SourceNeeds Needs { get; init; }
}
