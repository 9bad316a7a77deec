using Agent.Kernel.Net;

namespace Agent.Kernel.SockDiag;

/// <summary>The last words of a TCP socket: what the kernel knew of a connection when it destroyed this end of it.</summary>
/// <remarks>
/// Sent to the groups SKNLGRP_INET_TCP_DESTROY and SKNLGRP_INET6_TCP_DESTROY of NETLINK_SOCK_DIAG (Linux 4.2, <c>ss -E</c>). The state is
/// TCP_CLOSE and inode and uid are 0 in every message, so none of them is kept. Sources: struct inet_diag_msg
/// (include/uapi/linux/inet_diag.h), struct tcp_info (include/uapi/linux/tcp.h), tcp_get_info() (net/ipv4/tcp.c).
/// </remarks>
public readonly struct ConnectionEnd
{
    /// <summary>The <see cref="NamespaceId"/> of the network namespace that the listener was opened in: the host's.</summary>
    public const int HostNamespace = 0;

    /// <summary>The <see cref="NamespaceId"/> of an end of which it cannot be told whose it was.</summary>
    public const int UnknownNamespace = -1;

    /// <summary>The socket's own view: local end first. v4-mapped addresses are IPv4.</summary>
    public ConnectionTuple Tuple { get; init; }

    /// <summary>
    /// The socket's network namespace: the id that the listener gives it, from 1 on, and never gives to another one;
    /// <see cref="HostNamespace"/> or <see cref="UnknownNamespace"/>.
    /// </summary>
    public int NamespaceId { get; init; }

    /// <summary>idiag_cookie: a number that no other socket of this machine has had since it booted.</summary>
    public ulong Cookie { get; init; }

    /// <summary>
    /// idiag_rqueue: bytes that came and were never read; the peer's FIN counts as one where the application did not read the end of
    /// file.
    /// </summary>
    public uint ReceiveQueueBytes { get; init; }

    /// <summary>idiag_wqueue: bytes that were sent and never acknowledged, or not sent any more.</summary>
    public uint SendQueueBytes { get; init; }

    /// <summary>tcpi_last_data_sent: milliseconds since data was last sent. With <see cref="ConnectionEndFields.Ages"/>.</summary>
    public uint LastDataSentMilliseconds { get; init; }

    /// <summary>tcpi_last_ack_sent: no kernel remembers it, so it is 0. With <see cref="ConnectionEndFields.Ages"/>.</summary>
    public uint LastAckSentMilliseconds { get; init; }

    /// <summary>tcpi_last_data_recv: milliseconds since data last came. With <see cref="ConnectionEndFields.Ages"/>.</summary>
    public uint LastDataReceivedMilliseconds { get; init; }

    /// <summary>tcpi_last_ack_recv: milliseconds since an acknowledgement last came. With <see cref="ConnectionEndFields.Ages"/>.</summary>
    public uint LastAckReceivedMilliseconds { get; init; }

    /// <summary>
    /// tcpi_bytes_acked: bytes that the peer acknowledged, a SYN of this side and its FIN counted as one each. With <see
    /// cref="ConnectionEndFields.BytesAcked"/>.
    /// </summary>
    public ulong BytesAcked { get; init; }

    /// <summary>
    /// tcpi_bytes_received: bytes that came, the peer's FIN counted as one. With <see cref="ConnectionEndFields.BytesAcked"/>.
    /// </summary>
    public ulong BytesReceived { get; init; }

    /// <summary>tcpi_bytes_sent: bytes of data sent, retransmissions included. With <see cref="ConnectionEndFields.BytesSent"/>.</summary>
    public ulong BytesSent { get; init; }

    /// <summary>tcpi_bytes_retrans: bytes of data retransmitted. With <see cref="ConnectionEndFields.BytesSent"/>.</summary>
    public ulong BytesRetransmitted { get; init; }

    /// <summary>
    /// tcpi_data_segs_out: segments with data sent, retransmissions included. With <see cref="ConnectionEndFields.BytesSent"/>.
    /// </summary>
    public uint DataSegmentsOut { get; init; }

    /// <summary>tcpi_data_segs_in: segments with data that came. With <see cref="ConnectionEndFields.BytesSent"/>.</summary>
    public uint DataSegmentsIn { get; init; }

    /// <summary>tcpi_retransmits: retransmissions in a row that nothing answered. With <see cref="ConnectionEndFields.Ages"/>.</summary>
    public byte Retransmits { get; init; }

    /// <summary>
    /// tcpi_probes: keep-alive or zero-window probes in a row that nothing answered. With <see cref="ConnectionEndFields.Ages"/>.
    /// </summary>
    public byte Probes { get; init; }

    /// <summary>
    /// INET_DIAG_SHUTDOWN: 1 no more to receive (RCV_SHUTDOWN), 2 no more to send (SEND_SHUTDOWN). With <see
    /// cref="ConnectionEndFields.Shutdown"/>.
    /// </summary>
    public byte Shutdown { get; init; }

    /// <summary>Which of the members above were told.</summary>
    public ConnectionEndFields Present { get; init; }

    /// <summary>True when all of the given members were told.</summary>
    public bool Has(ConnectionEndFields fields) => (Present & fields) == fields;
}
