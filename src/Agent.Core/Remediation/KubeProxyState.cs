using System.Collections.Immutable;

namespace Agent.Core.Remediation;

/// <summary>What is known of kube-proxy on this node: it writes settings of the host when it starts.</summary>
/// <param name="Presence">Whether it runs.</param>
/// <param name="Values">The values that it writes, by whole sysctl name; what it leaves alone is not in it.</param>
/// <param name="Detail">Why they are not known; empty otherwise.</param>
public sealed record KubeProxyState(KubeProxyPresence Presence, ImmutableSortedDictionary<string, long> Values, string Detail)
{
    /// <summary>It does not run here.</summary>
    public static KubeProxyState Absent { get; } = new(KubeProxyPresence.Absent, ImmutableSortedDictionary<string, long>.Empty, "");

    /// <summary>It runs, and this is what it writes.</summary>
    public static KubeProxyState With(ImmutableSortedDictionary<string, long> values) => new(KubeProxyPresence.Known, values, "");

    /// <summary>It runs, or may run, and what it writes is not known.</summary>
    public static KubeProxyState Unknown(string detail) =>
        new(KubeProxyPresence.Unknown, ImmutableSortedDictionary<string, long>.Empty, detail);

    /// <summary>
    /// The settings that it can write, with the flag for each. Of nf_conntrack_max, which it makes from the number of cores,
    /// <see cref="Values"/> has the least that it can be.
    /// </summary>
    public static ImmutableSortedDictionary<string, string> Flags { get; } = new Dictionary<string, string>
    {
        [SysctlCatalog.CloseWait] = "--conntrack-tcp-timeout-close-wait",
        ["nf_conntrack_tcp_timeout_established"] = "--conntrack-tcp-timeout-established",
        ["nf_conntrack_tcp_be_liberal"] = "--conntrack-tcp-be-liberal",
        ["nf_conntrack_udp_timeout"] = "--conntrack-udp-timeout",
        ["nf_conntrack_udp_timeout_stream"] = "--conntrack-udp-timeout-stream",
        [SysctlCatalog.TableLimit] = "--conntrack-max-per-core and --conntrack-min",
    }.ToImmutableSortedDictionary(StringComparer.Ordinal);
}

public enum KubeProxyPresence
{
    Absent,

    /// <summary>Yes, and its settings are known.</summary>
    Known,

    /// <summary>Yes, or perhaps, and its settings are not known.</summary>
    Unknown,
}
