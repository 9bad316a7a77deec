using Agent.Kernel;
using Agent.Kernel.Netlink;

namespace Agent.Tests.Kernel.Testing;

/// <summary>Sends one datagram, addressed to whoever asked, and then nothing.</summary>
internal sealed class HostileKernel : INetlinkTransport
{
    private static readonly KernelException s_timeout = new("recv(netlink)", ErrnoText.ETIMEDOUT);

    private byte[] _sequence = [];
    private bool _sent;

    public byte[] Datagram { get; set; } = [];

    public uint PortId => 4711;

    public void Send(ReadOnlySpan<byte> request)
    {
        _sequence = request[8..12].ToArray();
        _sent = false;
    }

    public int Receive(Span<byte> buffer)
    {
        if (_sent)
        {
            throw s_timeout;
        }

        _sent = true;
        Datagram.CopyTo(buffer);
        if (Datagram.Length >= 12)
        {
            _sequence.CopyTo(buffer[8..]);
        }

        return Datagram.Length;
    }

    public void Dispose()
    {
    }
}
