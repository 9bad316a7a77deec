using System.Buffers.Binary;
using System.Numerics;
using Agent.Kernel.Net;

namespace Agent.Kernel.ProcFs;

/// <summary>
/// Reads the routes of a namespace, without default routes: /proc/PID/net/route and ipv6_route. Sources: fib_route_seq_show
/// (net/ipv4/fib_trie.c), rt6_info_route (net/ipv6/route.c).
/// </summary>
public static class NetRoute
{
    /// <summary>Adds the IPv4 routes of the main table.</summary>
    /// <remarks>
    /// <c>Iface Destination Gateway Flags RefCnt Use Metric Mask ...</c>: addresses as numbers in the machine's byte order.
    /// </remarks>
    public static void ParseInet(ReadOnlySpan<byte> text, ICollection<IpNetwork> networks)
    {
        ArgumentNullException.ThrowIfNull(networks);
        var lines = new ProcLines(text);
        while (lines.MoveNext())
        {
            var fields = new ProcFields(lines.Current);
            if (fields.Skip(1) && fields.TryReadHex(out var destination)
                && fields.Skip(5) && fields.TryReadHex(out var mask)
                && mask is > 0 and <= uint.MaxValue)
            {
                var bits = BitOperations.PopCount(mask);
                networks.Add(new IpNetwork(IpAddress.FromIPv4(NetworkOrder((uint)destination)), IpNetwork.MappedPrefixLength + bits));
            }
        }
    }

    /// <summary>
    /// Adds the IPv6 routes of all tables, without those of the loopback device and of link-local and multicast addresses.
    /// </summary>
    /// <remarks><c>DESTINATION PREFIXLENGTH SOURCE PREFIXLENGTH NEXTHOP METRIC REFCNT USE FLAGS DEVICE</c>, all hexadecimal.</remarks>
    public static void ParseInet6(ReadOnlySpan<byte> text, ICollection<IpNetwork> networks)
    {
        ArgumentNullException.ThrowIfNull(networks);
        var lines = new ProcLines(text);
        while (lines.MoveNext())
        {
            var fields = new ProcFields(lines.Current);
            if (fields.TryRead(out var digits) && digits.Length == 32
                && ProcFields.TryParseHex(digits[..16], out var high) && ProcFields.TryParseHex(digits[16..], out var low)
                && fields.TryReadHex(out var prefixLength) && prefixLength is > 0 and <= 128
                && fields.Skip(7) && fields.TryRead(out var device) && !device.SequenceEqual("lo"u8)
                && (high >> 56) < 0xFE)
            {
                networks.Add(new IpNetwork(new IpAddress(high, low), (int)prefixLength));
            }
        }
    }

    private static uint NetworkOrder(uint hostOrder) =>
        BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(hostOrder) : hostOrder;
}
