namespace Agent.Kernel.Conntrack;

/// <summary>
/// The states of an SCTP entry as text. Sources: enum sctp_conntrack,
/// include/uapi/linux/netfilter/nf_conntrack_sctp.h; sctp_conntrack_names.
/// </summary>
public static class SctpConntrackStates
{
    private static readonly string[] s_names =
    [
        "none", "closed", "cookie_wait", "cookie_echoed", "established", "shutdown_sent", "shutdown_recd", "shutdown_ack_sent",
        "heartbeat_sent", "heartbeat_acked",
    ];

    /// <summary>The state in lower case; <c>unknown</c> for a number that no kernel shows.</summary>
    public static string Name(byte state) => state < s_names.Length ? s_names[state] : "unknown";

    /// <summary>The number of a state from the kernel's text, for example <c>SHUTDOWN_SENT</c>.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> text, out byte state)
    {
        state = text switch
        {
            _ when text.SequenceEqual("CLOSED"u8) => 1,
            _ when text.SequenceEqual("COOKIE_WAIT"u8) => 2,
            _ when text.SequenceEqual("COOKIE_ECHOED"u8) => 3,
            _ when text.SequenceEqual("ESTABLISHED"u8) => 4,
            _ when text.SequenceEqual("SHUTDOWN_SENT"u8) => 5,

            // SHUTDOWN_RECV is how conntrack(8) spells it.
            _ when text.SequenceEqual("SHUTDOWN_RECD"u8) || text.SequenceEqual("SHUTDOWN_RECV"u8) => 6,
            _ when text.SequenceEqual("SHUTDOWN_ACK_SENT"u8) => 7,
            _ when text.SequenceEqual("HEARTBEAT_SENT"u8) => 8,

            // Removed in Linux 6.3.
            _ when text.SequenceEqual("HEARTBEAT_ACKED"u8) => 9,
            _ => 0,
        };
        return state != 0 || text.SequenceEqual("NONE"u8);
    }
}
