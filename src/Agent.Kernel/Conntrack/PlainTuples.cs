using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Agent.Kernel.Net;
using Agent.Kernel.Netlink;
using static Agent.Kernel.Interop.ConntrackConstants;

namespace Agent.Kernel.Conntrack;

/// <summary>
/// Decodes CTA_TUPLE_ORIG and CTA_TUPLE_REPLY in the forms in which the kernel writes them: two addresses, the protocol, then two ports,
/// nothing, or what ICMP has; no zone. All headers of both are compared at once, which is most of what decoding a dump costs. Whatever
/// looks different is left to <see cref="ConntrackTupleParser"/>.
/// </summary>
/// <remarks>
/// Source: ctnetlink_dump_tuples_ip and ctnetlink_dump_tuples_proto, nf_ct_port_tuple_to_nlattr, icmp_tuple_to_nlattr,
/// icmpv6_tuple_to_nlattr.
/// </remarks>
internal static class PlainTuples
{
    private const uint Type = WordPattern.Type;
    private const uint Nested = WordPattern.Nested;
    private const uint Original = Nested + (CTA_TUPLE_ORIG * Type);
    private const uint Reply = Nested + (CTA_TUPLE_REPLY * Type);
    private const uint IpV4 = 20 + Nested + (CTA_TUPLE_IP * Type);
    private const uint IpV6 = 44 + Nested + (CTA_TUPLE_IP * Type);
    private const uint SourceV4 = 8 + (CTA_IP_V4_SRC * Type);
    private const uint DestinationV4 = 8 + (CTA_IP_V4_DST * Type);
    private const uint SourceV6 = 20 + (CTA_IP_V6_SRC * Type);
    private const uint DestinationV6 = 20 + (CTA_IP_V6_DST * Type);
    private const uint Proto = Nested + (CTA_TUPLE_PROTO * Type);
    private const uint Number = 5 + (CTA_PROTO_NUM * Type);
    private const uint SourcePort = 6 + (CTA_PROTO_SRC_PORT * Type);
    private const uint DestinationPort = 6 + (CTA_PROTO_DST_PORT * Type);
    private const uint IcmpId = 6 + (CTA_PROTO_ICMP_ID * Type);
    private const uint IcmpType = 5 + (CTA_PROTO_ICMP_TYPE * Type);
    private const uint IcmpCode = 5 + (CTA_PROTO_ICMP_CODE * Type);
    private const uint Icmp6Id = 6 + (CTA_PROTO_ICMPV6_ID * Type);
    private const uint Icmp6Type = 5 + (CTA_PROTO_ICMPV6_TYPE * Type);
    private const uint Icmp6Code = 5 + (CTA_PROTO_ICMPV6_CODE * Type);

    // Bytes of a tuple, and words in which its values are.
    private const int PortsV4 = 52;
    private const int PortsV6 = 76;
    private const int BareV4 = 36;
    private const int BareV6 = 60;
    private const int EchoV4 = 60;
    private const int EchoV6 = 84;
    private const int ProtocolV4 = 8;
    private const int ProtocolV6 = 14;

    private static ReadOnlySpan<uint> PortsV4Pattern =>
    [
        Original + PortsV4, IpV4, SourceV4, 0, DestinationV4, 0, Proto + 28, Number, 0, SourcePort, 0, DestinationPort, 0,
        Reply + PortsV4, IpV4, SourceV4, 0, DestinationV4, 0, Proto + 28, Number, 0, SourcePort, 0, DestinationPort, 0,
    ];

    private static ReadOnlySpan<uint> PortsV6Pattern =>
    [
        Original + PortsV6, IpV6, SourceV6, 0, 0, 0, 0, DestinationV6, 0, 0, 0, 0, Proto + 28, Number, 0, SourcePort, 0, DestinationPort, 0,
        Reply + PortsV6, IpV6, SourceV6, 0, 0, 0, 0, DestinationV6, 0, 0, 0, 0, Proto + 28, Number, 0, SourcePort, 0, DestinationPort, 0,
    ];

    private static ReadOnlySpan<uint> BareV4Pattern =>
    [
        Original + BareV4, IpV4, SourceV4, 0, DestinationV4, 0, Proto + 12, Number, 0,
        Reply + BareV4, IpV4, SourceV4, 0, DestinationV4, 0, Proto + 12, Number, 0,
    ];

    private static ReadOnlySpan<uint> BareV6Pattern =>
    [
        Original + BareV6, IpV6, SourceV6, 0, 0, 0, 0, DestinationV6, 0, 0, 0, 0, Proto + 12, Number, 0,
        Reply + BareV6, IpV6, SourceV6, 0, 0, 0, 0, DestinationV6, 0, 0, 0, 0, Proto + 12, Number, 0,
    ];

    private static ReadOnlySpan<uint> EchoV4Pattern =>
    [
        Original + EchoV4, IpV4, SourceV4, 0, DestinationV4, 0, Proto + 36, Number, 0, IcmpId, 0, IcmpType, 0, IcmpCode, 0,
        Reply + EchoV4, IpV4, SourceV4, 0, DestinationV4, 0, Proto + 36, Number, 0, IcmpId, 0, IcmpType, 0, IcmpCode, 0,
    ];

    private static ReadOnlySpan<uint> EchoV6Pattern =>
    [
        Original + EchoV6, IpV6, SourceV6, 0, 0, 0, 0, DestinationV6, 0, 0, 0, 0,
        Proto + 36, Number, 0, Icmp6Id, 0, Icmp6Type, 0, Icmp6Code, 0,
        Reply + EchoV6, IpV6, SourceV6, 0, 0, 0, 0, DestinationV6, 0, 0, 0, 0,
        Proto + 36, Number, 0, Icmp6Id, 0, Icmp6Type, 0, Icmp6Code, 0,
    ];

    /// <summary>Decodes the two attributes at the beginning of a message.</summary>
    /// <param name="bytes">Attributes; these two first.</param>
    /// <param name="flow">Receives the tuples and the protocol.</param>
    /// <returns>How many bytes they take; 0, and nothing received, when they have another form.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Read(ReadOnlySpan<byte> bytes, ref ConntrackFlow flow)
    {
        var words = MemoryMarshal.Cast<byte, uint>(bytes);
        if (WordPattern.Begins(words, PortsV4Pattern))
        {
            flow.Original = TupleV4(words, hasPorts: true);
            flow.Reply = TupleV4(words[(PortsV4 / sizeof(uint))..], hasPorts: true);
            flow.Protocol = (byte)words[ProtocolV4];
            return 2 * PortsV4;
        }

        if (WordPattern.Begins(words, PortsV6Pattern))
        {
            flow.Original = TupleV6(words, hasPorts: true);
            flow.Reply = TupleV6(words[(PortsV6 / sizeof(uint))..], hasPorts: true);
            flow.Protocol = (byte)words[ProtocolV6];
            return 2 * PortsV6;
        }

        return ReadWithoutPorts(words, ref flow);
    }

    private static int ReadWithoutPorts(ReadOnlySpan<uint> words, ref ConntrackFlow flow)
    {
        var v4 = WordPattern.Begins(words, BareV4Pattern) ? BareV4 : WordPattern.Begins(words, EchoV4Pattern) ? EchoV4 : 0;
        if (v4 != 0)
        {
            flow.Original = TupleV4(words, hasPorts: false);
            flow.Reply = TupleV4(words[(v4 / sizeof(uint))..], hasPorts: false);
            flow.Protocol = (byte)words[ProtocolV4];
            return 2 * v4;
        }

        var v6 = WordPattern.Begins(words, EchoV6Pattern) ? EchoV6 : WordPattern.Begins(words, BareV6Pattern) ? BareV6 : 0;
        if (v6 != 0)
        {
            flow.Original = TupleV6(words, hasPorts: false);
            flow.Reply = TupleV6(words[(v6 / sizeof(uint))..], hasPorts: false);
            flow.Protocol = (byte)words[ProtocolV6];
        }

        return 2 * v6;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ConnectionTuple TupleV4(ReadOnlySpan<uint> words, bool hasPorts) => new(
        IpAddress.FromIPv4(BinaryPrimitives.ReverseEndianness(words[3])),
        IpAddress.FromIPv4(BinaryPrimitives.ReverseEndianness(words[5])),
        hasPorts ? Port(words[ProtocolV4 + 2]) : (ushort)0,
        hasPorts ? Port(words[ProtocolV4 + 4]) : (ushort)0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ConnectionTuple TupleV6(ReadOnlySpan<uint> words, bool hasPorts) => new(
        AddressV6(words[3..]),
        AddressV6(words[8..]),
        hasPorts ? Port(words[ProtocolV6 + 2]) : (ushort)0,
        hasPorts ? Port(words[ProtocolV6 + 4]) : (ushort)0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static IpAddress AddressV6(ReadOnlySpan<uint> words)
    {
        var halves = MemoryMarshal.Cast<uint, ulong>(words);
        return new(BinaryPrimitives.ReverseEndianness(halves[0]), BinaryPrimitives.ReverseEndianness(halves[1]));
    }

    private static ushort Port(uint word) => BinaryPrimitives.ReverseEndianness((ushort)word);
}
