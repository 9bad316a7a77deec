namespace Agent.Core.Model;

/// <summary>The names of the sources, as the report and the metrics show them.</summary>
public static class SourceNames
{
    /// <summary>The host's conntrack table.</summary>
    public const string Conntrack = "conntrack";

    /// <summary>Conntrack's counters.</summary>
    public const string ConntrackStats = "conntrack_stats";

    /// <summary>The nf_conntrack settings, of the host and of pods' namespaces.</summary>
    public const string Sysctl = "sysctl";

    /// <summary>TCP sockets and counters of every network namespace.</summary>
    public const string Sockets = "sockets";

    /// <summary>The network namespaces and the processes in them.</summary>
    public const string Namespaces = "namespaces";

    /// <summary>Pods, by cgroup and log directory.</summary>
    public const string Pods = "pods";

    public const string Kubernetes = "kubernetes";

    /// <summary>The kernel's messages about connections that end.</summary>
    public const string ConnectionEnds = "connection_ends";
}
