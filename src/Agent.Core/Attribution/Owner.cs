using Agent.Core.Model;

namespace Agent.Core.Attribution;

/// <summary>Something on this node that owns connections, in one scan.</summary>
/// <param name="Identity">Who it is.</param>
/// <param name="NamespaceIndex">Index of its network namespace in the scan.</param>
/// <param name="HostNetwork">True for a pod that shares the host's namespace.</param>
/// <param name="Kubernetes">What the API server says of it; null without the API.</param>
/// <param name="Running">Time since its oldest process started; null when unknown.</param>
public sealed record Owner(PodIdentity Identity, int NamespaceIndex, bool HostNetwork, KubernetesPod? Kubernetes, TimeSpan? Running)
{
    /// <summary>The index of the host among the owners of a scan.</summary>
    public const int HostIndex = 0;
}
