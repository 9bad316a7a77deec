using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Agent.Http;

/// <summary>Who is at the other end of a connection, as far as the number of connections goes.</summary>
/// <param name="IsThisMachine">
/// This machine itself: the kubelet's probes, <c>closewatch report</c>, port-forwards. All of its addresses are one client.
/// </param>
/// <param name="High">Of an IPv6 address the first 64 bits: whoever has one address of a link has them all.</param>
/// <param name="Low">An IPv4 address.</param>
internal readonly record struct ClientAddress(bool IsThisMachine, ulong High, uint Low)
{
    private static readonly ClientAddress s_thisMachine = new(true, 0, 0);

    /// <summary>The client of a connection by the addresses of its two ends.</summary>
    public static ClientAddress Of(EndPoint? remote, EndPoint? local)
    {
        var address = Plain((remote as IPEndPoint)?.Address);

        // Nobody else can have the address that was connected to: a packet with a local source from outside is dropped as a martian.
        if (address is null || IPAddress.IsLoopback(address) || address.Equals(Plain((local as IPEndPoint)?.Address)))
        {
            return s_thisMachine;
        }

        Span<byte> bytes = stackalloc byte[16];
        _ = address.TryWriteBytes(bytes, out _);
        return address.AddressFamily == AddressFamily.InterNetwork
            ? new(false, 0, BinaryPrimitives.ReadUInt32BigEndian(bytes))
            : new(false, BinaryPrimitives.ReadUInt64BigEndian(bytes), 0);
    }

    /// <summary>An IPv4 address that a socket for both families shows as <c>::ffff:10.0.0.1</c>, as itself.</summary>
    public static IPAddress? Plain(IPAddress? address) => address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;

    public override string ToString()
    {
        if (IsThisMachine)
        {
            return "this machine";
        }

        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        if (High == 0)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, Low);
            return new IPAddress(bytes[..4]).ToString();
        }

        BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
        return $"{new IPAddress(bytes)}/64";
    }
}
