namespace Agent.Kernel.Conntrack;

/// <summary>The TCP state of a conntrack entry. Source: enum tcp_conntrack, include/uapi/linux/netfilter/nf_conntrack_tcp.h.</summary>
/// <remarks>The state belongs to the entry, not to a side: FIN_WAIT and CLOSE_WAIT say that one FIN was seen, not whose.</remarks>
public enum TcpConntrackState : byte
{
    /// <summary>TCP_CONNTRACK_NONE.</summary>
    None = 0,

    /// <summary>TCP_CONNTRACK_SYN_SENT: a SYN was seen.</summary>
    SynSent = 1,

    /// <summary>TCP_CONNTRACK_SYN_RECV: a SYN/ACK was seen.</summary>
    SynRecv = 2,

    /// <summary>TCP_CONNTRACK_ESTABLISHED.</summary>
    Established = 3,

    /// <summary>TCP_CONNTRACK_FIN_WAIT: one FIN was seen and nothing acknowledged it yet. Half-closed.</summary>
    FinWait = 4,

    /// <summary>TCP_CONNTRACK_CLOSE_WAIT: that FIN was acknowledged. Half-closed.</summary>
    CloseWait = 5,

    /// <summary>TCP_CONNTRACK_LAST_ACK: a second FIN, or the first one again.</summary>
    LastAck = 6,

    /// <summary>TCP_CONNTRACK_TIME_WAIT.</summary>
    TimeWait = 7,

    /// <summary>TCP_CONNTRACK_CLOSE: an RST was seen.</summary>
    Close = 8,

    /// <summary>TCP_CONNTRACK_SYN_SENT2 (once LISTEN): both sides sent a SYN.</summary>
    SynSent2 = 9,
}
