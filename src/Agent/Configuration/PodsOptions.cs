namespace Agent.Configuration;

/// <summary>Section Pods: where names come from.</summary>
internal sealed record PodsOptions
{
    public PodSource Source { get; init; } = PodSource.Auto;

    /// <summary>Empty: $NODE_NAME, else the host name.</summary>
    public string NodeName { get; init; } = "";

    public string LogRoot { get; init; } = "/var/log/pods";

    public string CgroupRoot { get; init; } = "/sys/fs/cgroup";

    public PodEventLevel Events { get; init; } = PodEventLevel.Off;

    public PeerNameScope PeerNames { get; init; } = PeerNameScope.Node;
}

/// <summary>Whose addresses have names.</summary>
internal enum PeerNameScope
{
    /// <summary>This node's pods and namespaces.</summary>
    Node,

    /// <summary>Also Services, other nodes and their pods, by asking the API server.</summary>
    Cluster,
}

/// <summary>Which findings become Events of their pods.</summary>
internal enum PodEventLevel
{
    Off,
    Critical,
}

/// <summary>Whether the API server is asked.</summary>
internal enum PodSource
{
    /// <summary>When running in a cluster.</summary>
    Auto,
    Kubernetes,
    None,
}
