namespace Agent.Kernel.Netlink;

/// <summary>What carries netlink datagrams: a socket, or a fake kernel in tests. Not thread-safe.</summary>
public interface INetlinkTransport : IDisposable
{
    /// <summary>The port id of this end, which the kernel repeats in every answer (nlmsg_pid).</summary>
    uint PortId { get; }

    /// <summary>Sends one datagram of one or more requests.</summary>
    /// <exception cref="KernelException">The kernel refused it.</exception>
    void Send(ReadOnlySpan<byte> request);

    /// <summary>Receives one datagram of the kernel.</summary>
    /// <returns>
    /// The length of the datagram. More than the length of <paramref name="buffer"/> means that its end was cut off (MSG_TRUNC).
    /// </returns>
    /// <exception cref="KernelException">ETIMEDOUT after the receive timeout; ENOBUFS when answers were lost.</exception>
    int Receive(Span<byte> buffer);
}
