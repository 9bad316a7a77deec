namespace Agent.Kernel.Conntrack;

/// <summary>The states of an SCTP entry as text. Source: enum sctp_conntrack, include/uapi/linux/netfilter/nf_conntrack_sctp.h.</summary>
public static class SctpConntrackStates
{
    private static readonly string[] s_names =
    [
        "none", "closed", "cookie_wait", "cookie_echoed", "established", "shutdown_sent", "shutdown_recd", "shutdown_ack_sent",
        "heartbeat_sent", "heartbeat_acked",
    ];

    /// <summary>The state in lower case; <c>unknown</c> for a number that no kernel shows.</summary>
    public static string Name(byte state) => state < s_names.Length ? s_names[state] : "unknown";
}
