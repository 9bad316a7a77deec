using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Attribution;

/// <summary>Something on this node that owns connections, in one scan.</summary>
/// <param name="Identity">Who it is.</param>
/// <param name="Namespaces">
/// Indices of its network namespaces in the scan, the primary one first: that of its address or its sandbox. All count for it.
/// </param>
/// <param name="HostNetwork">True for a pod whose primary namespace is the host's.</param>
/// <param name="Kubernetes">What the API server says of it; null without the API.</param>
/// <param name="Running">Time since the oldest process in its primary namespace started; null when unknown.</param>
public sealed record Owner(
    PodIdentity Identity, ImmutableArray<int> Namespaces, bool HostNetwork, KubernetesPod? Kubernetes, TimeSpan? Running)
{
    /// <summary>The index of the host among the owners of a scan.</summary>
    public const int HostIndex = 0;

    /// <summary>The index of the host's namespace among the namespaces of a scan.</summary>
    public const int HostNamespaceIndex = 0;

    /// <summary>Index of its primary namespace.</summary>
    public int NamespaceIndex => Namespaces[0];

    /// <summary>
    /// The different programs (comm) that it runs in the host's namespace, in order; in others all that runs there is its own.
    /// </summary>
    public ImmutableArray<string> HostPrograms { get; init; } = [];

    /// <summary>Time since the last start of a <see cref="ProcessGroup.NewestWorkerAfterBoot"/> of it; null without any.</summary>
    public TimeSpan? NewestWorkerRunning { get; init; }

    /// <summary>
    /// True for all but the host itself that have sockets in the host's namespace: a hostNetwork pod, a pod that entered it.
    /// </summary>
    public bool SharesHost => Identity.Kind != PodKind.Host && Namespaces.Contains(HostNamespaceIndex);
}
