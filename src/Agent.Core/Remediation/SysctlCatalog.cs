using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Agent.Core.Remediation;

/// <summary>Every setting that may be written, and nothing else. Documentation/networking/nf_conntrack-sysctl.rst of the kernel.</summary>
public static class SysctlCatalog
{
    /// <summary>The timeout that this program is about.</summary>
    public const string CloseWait = "nf_conntrack_tcp_timeout_close_wait";

    /// <summary>The size limit of the table, of the whole machine.</summary>
    public const string TableLimit = "nf_conntrack_max";

    private const long Day = 24 * 60 * 60;

    // The kernel's own default for established connections is five days; no other timeout is meant to outlive a day.
    private const long LongestEstablished = 10 * Day;

    /// <summary>All of them, by name.</summary>
    public static ImmutableArray<SysctlDefinition> All { get; } =
    [
        .. Timeouts(
            LongestEstablished,
            "tcp_timeout_established", "sctp_timeout_established"),
        .. Timeouts(
            Day,
            "tcp_timeout_syn_sent", "tcp_timeout_syn_recv", "tcp_timeout_fin_wait", "tcp_timeout_close_wait", "tcp_timeout_last_ack",
            "tcp_timeout_time_wait", "tcp_timeout_close", "tcp_timeout_max_retrans", "tcp_timeout_unacknowledged",
            "udp_timeout",
            "udp_timeout_stream",
            "icmp_timeout",
            "icmpv6_timeout",
            "generic_timeout",
            "gre_timeout",
            "gre_timeout_stream",
            "frag6_timeout",
            "sctp_timeout_closed", "sctp_timeout_cookie_wait", "sctp_timeout_cookie_echoed", "sctp_timeout_shutdown_sent",
            "sctp_timeout_shutdown_recd", "sctp_timeout_shutdown_ack_sent", "sctp_timeout_heartbeat_sent",
            "dccp_timeout_request", "dccp_timeout_respond", "dccp_timeout_partopen", "dccp_timeout_open", "dccp_timeout_closereq",
            "dccp_timeout_closing", "dccp_timeout_timewait"),

        // An entry takes about 300 bytes: 8 million are 2.5 GB.
        new(TableLimit, SysctlKind.TableLimit, 16_384, 8_388_608),
        new("nf_conntrack_tcp_be_liberal", SysctlKind.Switch, 0, 1),
    ];

    private static readonly FrozenDictionary<string, SysctlDefinition> s_byName = All.ToFrozenDictionary(
        static definition => definition.Name, StringComparer.Ordinal);

    /// <summary>A setting by its whole name; null for everything that may not be written.</summary>
    public static SysctlDefinition? Find(string name) => s_byName.GetValueOrDefault(name);

    private static IEnumerable<SysctlDefinition> Timeouts(long maximum, params string[] names) =>
        names.Select(name => new SysctlDefinition("nf_conntrack_" + name, SysctlKind.Timeout, 1, maximum));
}
