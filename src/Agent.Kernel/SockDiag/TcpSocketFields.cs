namespace Agent.Kernel.SockDiag;

/// <summary>Which optional members of a <see cref="TcpSocket"/> the kernel sent.</summary>
[Flags]
public enum TcpSocketFields : byte
{
    /// <summary>Only what every backend shows.</summary>
    None = 0,

    /// <summary>The ages from tcp_info; sock_diag only, never for mini-sockets.</summary>
    Ages = 1 << 0,

    /// <summary><see cref="TcpSocket.CgroupId"/>; sock_diag only (Linux 5.7).</summary>
    CgroupId = 1 << 1,

    /// <summary><see cref="TcpSocket.BytesSent"/> and <see cref="TcpSocket.BytesReceived"/>; sock_diag only.</summary>
    Bytes = 1 << 2,
}
