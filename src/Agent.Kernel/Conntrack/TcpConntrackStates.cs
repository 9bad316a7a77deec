namespace Agent.Kernel.Conntrack;

/// <summary>
/// The states of <see cref="TcpConntrackState"/> as text. Source: tcp_conntrack_names, net/netfilter/nf_conntrack_proto_tcp.c.
/// </summary>
public static class TcpConntrackStates
{
    private static readonly string[] s_names =
        ["none", "syn_sent", "syn_recv", "established", "fin_wait", "close_wait", "last_ack", "time_wait", "close", "syn_sent2"];

    /// <summary>How many states there are: each is smaller than this.</summary>
    public static int Count => s_names.Length;

    /// <summary>The state in lower case, for example <c>close_wait</c>; <c>unknown</c> for a number that no kernel shows.</summary>
    public static string Name(TcpConntrackState state) => (int)state < s_names.Length ? s_names[(int)state] : "unknown";

    /// <summary>The state from the kernel's text, for example <c>CLOSE_WAIT</c>.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out TcpConntrackState state)
    {
        state = text switch
        {
            _ when text.SequenceEqual("ESTABLISHED"u8) => TcpConntrackState.Established,
            _ when text.SequenceEqual("TIME_WAIT"u8) => TcpConntrackState.TimeWait,
            _ when text.SequenceEqual("CLOSE_WAIT"u8) => TcpConntrackState.CloseWait,
            _ when text.SequenceEqual("FIN_WAIT"u8) => TcpConntrackState.FinWait,
            _ when text.SequenceEqual("SYN_SENT"u8) => TcpConntrackState.SynSent,
            _ when text.SequenceEqual("SYN_RECV"u8) => TcpConntrackState.SynRecv,
            _ when text.SequenceEqual("LAST_ACK"u8) => TcpConntrackState.LastAck,
            _ when text.SequenceEqual("CLOSE"u8) => TcpConntrackState.Close,

            // Before Linux 2.6.31 the ninth state was called LISTEN.
            _ when text.SequenceEqual("SYN_SENT2"u8) || text.SequenceEqual("LISTEN"u8) => TcpConntrackState.SynSent2,
            _ => TcpConntrackState.None,
        };
        return state != TcpConntrackState.None || text.SequenceEqual("NONE"u8);
    }
}
