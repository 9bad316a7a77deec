namespace Agent.Kernel.SockDiag;

/// <summary>Which members of a <see cref="ConnectionEnd"/> the kernel told. A member whose flag is missing is unknown, not zero.</summary>
/// <remarks>struct tcp_info grows from kernel to kernel: 104 bytes have the ages, 192 the totals too, 232 and 280 everything.</remarks>
[Flags]
public enum ConnectionEndFields : byte
{
    /// <summary>Only the ends, the cookie and the queues, which every message has.</summary>
    None = 0,

    /// <summary>The four ages and the two counts of attempts (60 bytes of tcp_info).</summary>
    Ages = 1 << 0,

    /// <summary>
    /// <see cref="ConnectionEnd.BytesAcked"/> and <see cref="ConnectionEnd.BytesReceived"/> (Linux 4.1, 136 bytes of tcp_info).
    /// </summary>
    BytesAcked = 1 << 1,

    /// <summary>
    /// <see cref="ConnectionEnd.BytesSent"/>, <see cref="ConnectionEnd.BytesRetransmitted"/>, <see cref="ConnectionEnd.DataSegmentsOut"/>
    /// and <see cref="ConnectionEnd.DataSegmentsIn"/> (Linux 4.19, 216 bytes of tcp_info).
    /// </summary>
    BytesSent = 1 << 2,

    /// <summary><see cref="ConnectionEnd.Shutdown"/> (INET_DIAG_SHUTDOWN).</summary>
    Shutdown = 1 << 3,
}
