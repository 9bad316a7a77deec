using Agent.Kernel;
using Agent.Kernel.Netlink;
using Xunit;

namespace Agent.Tests.Kernel.Testing;

/// <summary>A kernel that is a function from a request to the datagrams of its answer.</summary>
internal sealed class FakeKernel(Func<NetlinkRequest, IEnumerable<Datagram>> answer) : INetlinkTransport
{
    private readonly Queue<Datagram> _pending = new();

    public uint PortId => 4711;

    public List<NetlinkRequest> Requests { get; } = [];

    public bool IsDisposed { get; private set; }

    public void Send(ReadOnlySpan<byte> request)
    {
        var parsed = NetlinkRequest.Parse(request);
        Requests.Add(parsed);
        foreach (var datagram in answer(parsed))
        {
            _pending.Enqueue(datagram);
        }
    }

    public int Receive(Span<byte> buffer)
    {
        if (!_pending.TryDequeue(out var datagram))
        {
            throw new KernelException("recv(netlink)", ErrnoText.ETIMEDOUT);
        }

        if (datagram.Errno != 0)
        {
            throw new KernelException("recv(netlink)", datagram.Errno);
        }

        datagram.Bytes.AsSpan(0, Math.Min(buffer.Length, datagram.Bytes.Length)).CopyTo(buffer);
        return datagram.Bytes.Length;
    }

    public void Dispose() => IsDisposed = true;
}

/// <summary>What one receive brings: bytes, or an error number.</summary>
internal readonly record struct Datagram(byte[] Bytes, int Errno = 0)
{
    public static Datagram Error(int errno) => new([], errno);

    public static implicit operator Datagram(byte[] bytes) => new(bytes);
}

/// <summary>A request as the kernel sees it.</summary>
internal sealed record NetlinkRequest(ushort Type, ushort Flags, uint Sequence, byte[] Payload)
{
    public static NetlinkRequest Parse(ReadOnlySpan<byte> bytes)
    {
        var reader = new NetlinkMessageReader(bytes);
        Assert.True(reader.MoveNext());
        var request = new NetlinkRequest(reader.Type, reader.Flags, reader.Sequence, reader.Payload.ToArray());
        Assert.False(reader.MoveNext());
        Assert.False(reader.IsMalformed);
        return request;
    }
}
