using Agent.Kernel.Net;

namespace Agent.Kernel.SockDiag;

/// <summary>
/// One TCP socket as sock_diag or /proc/net/tcp shows it. Handed to a sink by reference: copy what is to outlive the call.
/// </summary>
/// <remarks>
/// Sources: struct inet_diag_msg (include/uapi/linux/inet_diag.h), struct tcp_info (include/uapi/linux/tcp.h), get_tcp4_sock().
/// </remarks>
public struct TcpSocket
{
    /// <summary>The socket's own view: local end first. v4-mapped addresses are IPv4.</summary>
    public ConnectionTuple Tuple;

    /// <summary>Inode of the socket; 0 when no process owns it (not accepted yet, orphaned, TIME_WAIT).</summary>
    public ulong Inode;

    /// <summary>Inode of the cgroup v2 directory that the socket was made in (INET_DIAG_CGROUP_ID).</summary>
    public ulong CgroupId;

    /// <summary>tcpi_bytes_sent.</summary>
    public ulong BytesSent;

    /// <summary>tcpi_bytes_received.</summary>
    public ulong BytesReceived;

    /// <summary>
    /// idiag_rqueue: unread bytes (a CLOSE_WAIT socket counts 1 for the FIN itself); for a listener, connections waiting to be accepted.
    /// </summary>
    public uint ReceiveQueue;

    /// <summary>idiag_wqueue: unacknowledged and unsent bytes; for a listener, its backlog.</summary>
    public uint SendQueue;

    /// <summary>Owner's uid.</summary>
    public uint Uid;

    /// <summary>tcpi_last_data_sent: milliseconds since data was last sent.</summary>
    public uint LastDataSentMilliseconds;

    /// <summary>tcpi_last_data_recv: milliseconds since data last came.</summary>
    public uint LastDataReceivedMilliseconds;

    /// <summary>tcpi_last_ack_recv: milliseconds since an acknowledgement last came.</summary>
    public uint LastAckReceivedMilliseconds;

    /// <summary>idiag_expires: milliseconds until <see cref="Timer"/> fires.</summary>
    public uint ExpiresMilliseconds;

    /// <summary>TCP_*; NEW_SYN_RECV is reported as SYN_RECV.</summary>
    public TcpState State;

    /// <summary>idiag_timer: 0 none, 1 retransmit, 2 keep-alive, 3 TIME_WAIT or orphaned FIN_WAIT2, 4 zero-window probe.</summary>
    public byte Timer;

    /// <summary>True when the kernel listed it under AF_INET6, also when its addresses are v4-mapped.</summary>
    public bool IsInet6;

    /// <summary>Which optional members were sent.</summary>
    public TcpSocketFields Present;

    /// <summary>True when the given member was sent.</summary>
    public readonly bool Has(TcpSocketFields fields) => (Present & fields) == fields;

    /// <summary>CLOSE_WAIT, FIN_WAIT1 or FIN_WAIT2.</summary>
    public readonly bool IsHalfClosed => State is TcpState.CloseWait or TcpState.FinWait1 or TcpState.FinWait2;

    /// <summary>Milliseconds since data last went either way; only with <see cref="TcpSocketFields.Ages"/>.</summary>
    public readonly uint IdleMilliseconds => Math.Min(LastDataSentMilliseconds, LastDataReceivedMilliseconds);

    /// <summary>
    /// True when this side spoke last: a server has answered all that came. A connection whose request waits for its answer is
    /// quiet, too, but not idle. A new socket has both ages alike, so one that has sent nothing is told by that.
    /// </summary>
    public readonly bool HasAnswered =>
        LastDataSentMilliseconds <= LastDataReceivedMilliseconds && (BytesSent > 0 || !Has(TcpSocketFields.Bytes));
}
