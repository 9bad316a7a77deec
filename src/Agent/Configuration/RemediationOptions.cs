using System.Collections.Immutable;

namespace Agent.Configuration;

/// <summary>Section Remediation: whether and where sysctls are written.</summary>
internal sealed record RemediationOptions
{
    public RemediationMode Mode { get; init; } = RemediationMode.Off;

    public RemediationScope Scope { get; init; } = RemediationScope.Host;

    /// <summary>Wanted values by full sysctl name without <c>net.netfilter.</c>.</summary>
    public ImmutableSortedDictionary<string, long> Settings { get; init; } =
        ImmutableSortedDictionary<string, long>.Empty.Add("nf_conntrack_tcp_timeout_close_wait", 3600);

    /// <summary>Label selector of the pods whose namespaces are written; empty for all.</summary>
    public string PodSelector { get; init; } = "";

    public bool RestoreOnExit { get; init; }

    public double MaxTableFill { get; init; } = 0.5;

    public bool OverrideKubeProxy { get; init; }

    /// <summary>Where the original values are kept across restarts of the agent.</summary>
    public string StateDirectory { get; init; } = "/var/lib/closewatch";
}

internal enum RemediationMode
{
    Off,
    DryRun,
    Apply,
}

internal enum RemediationScope
{
    Host,
    Pods,
    HostAndPods,
}
