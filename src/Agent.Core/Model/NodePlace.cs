namespace Agent.Core.Model;

/// <summary>What decides which repairs a node takes. What is not known is null or empty.</summary>
public sealed record NodePlace
{
    /// <summary>Nothing is known.</summary>
    public static NodePlace Unknown { get; } = new();

    /// <summary>
    /// Whether a process kube-proxy runs; null when not all processes can be seen, or where it may be part of another (k3s).
    /// </summary>
    public bool? KubeProxy { get; init; }

    /// <summary>Whether Cilium's agent runs; null when not all processes can be seen.</summary>
    public bool? Cilium { get; init; }

    /// <summary><c>ID</c> of os-release(5): <c>ubuntu</c>, <c>bottlerocket</c>, <c>talos</c>, <c>cos</c> ...; empty when unknown.</summary>
    public string OperatingSystem { get; init; } = "";

    /// <summary>Whether this program runs in a pod; null for a captured tree.</summary>
    public bool? AgentInPod { get; init; }

    /// <summary>That pod, <c>NAMESPACE/NAME</c>; empty where it is in none, or where nobody told it.</summary>
    public string AgentPod { get; init; } = "";

    /// <summary>
    /// As whom it asks the API server, <c>NAMESPACE:NAME</c> of its service account: that of our manifests where its token says no other.
    /// </summary>
    public string ServiceAccount { get; init; } = "closewatch:closewatch";
}
