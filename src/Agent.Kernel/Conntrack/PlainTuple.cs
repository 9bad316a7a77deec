using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Agent.Kernel.Net;
using static Agent.Kernel.Interop.ConntrackConstants;
using static Agent.Kernel.Interop.NetlinkConstants;

namespace Agent.Kernel.Conntrack;

/// <summary>
/// Decodes CTA_TUPLE_ORIG or CTA_TUPLE_REPLY in the one form in which the kernel writes it for protocols with ports: two addresses, the
/// protocol, two ports, no zone. All headers are compared at once, which is most of what decoding a dump costs. Whatever looks different
/// is left to <see cref="ConntrackTupleParser"/>.
/// </summary>
/// <remarks>Source: ctnetlink_dump_tuples_ip, ctnetlink_dump_tuples_proto and nf_ct_port_tuple_to_nlattr.</remarks>
internal static class PlainTuple
{
    private const uint IpV4 = 20 + Nested + CTA_TUPLE_IP * Type;
    private const uint IpV6 = 44 + Nested + CTA_TUPLE_IP * Type;
    private const uint SourceV4 = 8 + CTA_IP_V4_SRC * Type;
    private const uint DestinationV4 = 8 + CTA_IP_V4_DST * Type;
    private const uint SourceV6 = 20 + CTA_IP_V6_SRC * Type;
    private const uint DestinationV6 = 20 + CTA_IP_V6_DST * Type;
    private const uint Proto = 28 + Nested + CTA_TUPLE_PROTO * Type;
    private const uint Number = 5 + CTA_PROTO_NUM * Type;
    private const uint SourcePort = 6 + CTA_PROTO_SRC_PORT * Type;
    private const uint DestinationPort = 6 + CTA_PROTO_DST_PORT * Type;

    // struct nlattr on a little-endian machine, read as one number: the length below, the type above.
    private const uint Type = 1 << 16;
    private const uint Nested = (uint)NLA_F_NESTED << 16;

    /// <summary>Decodes the attribute at the beginning of a message's rest.</summary>
    /// <param name="bytes">Attributes; this one first.</param>
    /// <param name="type">CTA_TUPLE_ORIG or CTA_TUPLE_REPLY.</param>
    /// <param name="tuple">The tuple.</param>
    /// <param name="protocol">IPPROTO_*.</param>
    /// <returns>How many bytes it takes; 0 when it has another form.</returns>
    internal static int Read(ReadOnlySpan<byte> bytes, ushort type, out ConnectionTuple tuple, out byte protocol)
    {
        if (BitConverter.IsLittleEndian && bytes.Length >= IPv4Message.Length)
        {
            ref readonly var short4 = ref MemoryMarshal.AsRef<IPv4Message>(bytes);
            if (short4.IsPlain(type))
            {
                protocol = (byte)short4.Ports.Protocol;
                tuple = new(
                    IpAddress.FromIPv4(BinaryPrimitives.ReverseEndianness(short4.Source)),
                    IpAddress.FromIPv4(BinaryPrimitives.ReverseEndianness(short4.Destination)),
                    BinaryPrimitives.ReverseEndianness((ushort)short4.Ports.Source),
                    BinaryPrimitives.ReverseEndianness((ushort)short4.Ports.Destination));
                return IPv4Message.Length;
            }

        }

        if (BitConverter.IsLittleEndian && bytes.Length >= IPv6Message.Length)
        {
            ref readonly var long6 = ref MemoryMarshal.AsRef<IPv6Message>(bytes);
            if (long6.IsPlain(type))
            {
                protocol = (byte)long6.Ports.Protocol;
                tuple = new(
                    Address(long6.SourceHigh, long6.SourceLow),
                    Address(long6.DestinationHigh, long6.DestinationLow),
                    BinaryPrimitives.ReverseEndianness((ushort)long6.Ports.Source),
                    BinaryPrimitives.ReverseEndianness((ushort)long6.Ports.Destination));
                return IPv6Message.Length;
            }
        }

        tuple = default;
        protocol = 0;
        return 0;
    }

    private static IpAddress Address(ulong high, ulong low) =>
        new(BinaryPrimitives.ReverseEndianness(high), BinaryPrimitives.ReverseEndianness(low));

#pragma warning disable CS0649 // filled by the kernel
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct PortsMessage
    {
        public uint Header;
        public uint NumberHeader;
        public uint Protocol;
        public uint SourceHeader;
        public uint Source;
        public uint DestinationHeader;
        public uint Destination;

        /// <summary>0 when all headers are as expected.</summary>
        public readonly uint Difference =>
            (Header ^ Proto) | (NumberHeader ^ Number) | (SourceHeader ^ SourcePort) | (DestinationHeader ^ DestinationPort);
    }

    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct IPv4Message
    {
        public const int Length = 52;

        public uint Header;
        public uint IpHeader;
        public uint SourceHeader;
        public uint Source;
        public uint DestinationHeader;
        public uint Destination;
        public PortsMessage Ports;

        public readonly bool IsPlain(ushort type) =>
            ((Header ^ (Length + Nested + (type * Type))) | (IpHeader ^ IpV4)
                | (SourceHeader ^ SourceV4) | (DestinationHeader ^ DestinationV4) | Ports.Difference) == 0;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct IPv6Message
    {
        public const int Length = 76;

        public uint Header;
        public uint IpHeader;
        public uint SourceHeader;
        public ulong SourceHigh;
        public ulong SourceLow;
        public uint DestinationHeader;
        public ulong DestinationHigh;
        public ulong DestinationLow;
        public PortsMessage Ports;

        public readonly bool IsPlain(ushort type) =>
            ((Header ^ (Length + Nested + (type * Type))) | (IpHeader ^ IpV6)
                | (SourceHeader ^ SourceV6) | (DestinationHeader ^ DestinationV6) | Ports.Difference) == 0;
    }
#pragma warning restore CS0649
}
