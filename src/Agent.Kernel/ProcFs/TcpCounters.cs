namespace Agent.Kernel.ProcFs;

/// <summary>
/// TCP counters of one network namespace since it was made. Null: this kernel does not have the counter.
/// Sources: /proc/net/snmp (Tcp:) and /proc/net/netstat (TcpExt:), columns by header name; include/uapi/linux/snmp.h.
/// </summary>
public sealed record TcpCounters
{
    /// <summary>Tcp: OutRsts, resets sent.</summary>
    public ulong? ResetsSent { get; init; }

    /// <summary>Tcp: EstabResets, connections reset while ESTABLISHED or CLOSE_WAIT.</summary>
    public ulong? EstablishedResets { get; init; }

    /// <summary>Tcp: PassiveOpens, connections accepted by the stack.</summary>
    public ulong? PassiveOpens { get; init; }

    /// <summary>Tcp: ActiveOpens.</summary>
    public ulong? ActiveOpens { get; init; }

    /// <summary>Tcp: RetransSegs.</summary>
    public ulong? RetransmittedSegments { get; init; }

    /// <summary>TcpExt: TCPAbortOnData, closed with unread data or data came after the close: an RST was sent.</summary>
    public ulong? AbortOnData { get; init; }

    /// <summary>TcpExt: TCPAbortOnClose, closed with unread data.</summary>
    public ulong? AbortOnClose { get; init; }

    /// <summary>TcpExt: TCPAbortOnTimeout.</summary>
    public ulong? AbortOnTimeout { get; init; }

    /// <summary>TcpExt: ListenOverflows, the accept queue was full.</summary>
    public ulong? ListenOverflows { get; init; }

    /// <summary>TcpExt: ListenDrops, SYNs or final ACKs dropped at a listener for any reason.</summary>
    public ulong? ListenDrops { get; init; }

    /// <summary>TcpExt: TCPReqQFullDrop, SYNs dropped because the SYN queue was full and SYN cookies are switched off.</summary>
    public ulong? SynQueueDrops { get; init; }

    /// <summary>TcpExt: TCPReqQFullDoCookies, SYNs answered with a SYN cookie because the SYN queue was full.</summary>
    public ulong? SynQueueCookies { get; init; }

    /// <summary>
    /// TcpExt: TCPTimeWaitOverflow, connections that ended without TIME_WAIT because net.ipv4.tcp_max_tw_buckets was reached.
    /// </summary>
    public ulong? TimeWaitOverflows { get; init; }

    /// <summary>TcpExt: TW, connections that went through TIME_WAIT.</summary>
    public ulong? TimeWaits { get; init; }
}
