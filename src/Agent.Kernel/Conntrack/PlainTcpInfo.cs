using System.Runtime.InteropServices;
using static Agent.Kernel.Interop.ConntrackConstants;
using static Agent.Kernel.Interop.NetlinkConstants;

namespace Agent.Kernel.Conntrack;

/// <summary>
/// Decodes CTA_PROTOINFO of TCP in the one form in which the kernel writes it into a dump, as <see cref="PlainTuple"/> does tuples.
/// </summary>
/// <remarks>Source: tcp_to_nlattr, net/netfilter/nf_conntrack_proto_tcp.c.</remarks>
internal static class PlainTcpInfo
{
    // struct nlattr on a little-endian machine, read as one number: the length below, the type above.
    private const uint Type = 1 << 16;
    private const uint Nested = (uint)NLA_F_NESTED << 16;
    private const uint ProtoInfo = Message.Length + Nested + (CTA_PROTOINFO * Type);
    private const uint Tcp = Message.Length - 4 + Nested + (CTA_PROTOINFO_TCP * Type);
    private const uint State = 5 + (CTA_PROTOINFO_TCP_STATE * Type);
    private const uint ScaleOriginal = 5 + (CTA_PROTOINFO_TCP_WSCALE_ORIGINAL * Type);
    private const uint ScaleReply = 5 + (CTA_PROTOINFO_TCP_WSCALE_REPLY * Type);
    private const uint FlagsOriginal = 6 + (CTA_PROTOINFO_TCP_FLAGS_ORIGINAL * Type);
    private const uint FlagsReply = 6 + (CTA_PROTOINFO_TCP_FLAGS_REPLY * Type);

    /// <summary>Decodes the attribute at the beginning of a message's rest.</summary>
    /// <returns>How many bytes it takes; 0 when it has another form.</returns>
    internal static int Read(ReadOnlySpan<byte> bytes, ref ConntrackFlow flow)
    {
        if (!BitConverter.IsLittleEndian || bytes.Length < Message.Length)
        {
            return 0;
        }

        ref readonly var message = ref MemoryMarshal.AsRef<Message>(bytes);
        if (((message.Header ^ ProtoInfo) | (message.TcpHeader ^ Tcp) | (message.StateHeader ^ State)
            | (message.ScaleOriginalHeader ^ ScaleOriginal) | (message.ScaleReplyHeader ^ ScaleReply)
            | (message.FlagsOriginalHeader ^ FlagsOriginal) | (message.FlagsReplyHeader ^ FlagsReply)) != 0)
        {
            return 0;
        }

        flow.TcpState = (TcpConntrackState)(byte)message.State;
        flow.TcpFlagsOriginal = (TcpConntrackFlags)(byte)message.FlagsOriginal;
        flow.TcpFlagsReply = (TcpConntrackFlags)(byte)message.FlagsReply;
        flow.Present |= ConntrackFields.TcpState | ConntrackFields.TcpFlags;
        return Message.Length;
    }

#pragma warning disable CS0649 // filled by the kernel
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct Message
    {
        public const int Length = 48;

        public uint Header;
        public uint TcpHeader;
        public uint StateHeader;
        public uint State;
        public uint ScaleOriginalHeader;
        public uint ScaleOriginal;
        public uint ScaleReplyHeader;
        public uint ScaleReply;
        public uint FlagsOriginalHeader;
        public uint FlagsOriginal;
        public uint FlagsReplyHeader;
        public uint FlagsReply;
    }
#pragma warning restore CS0649
}
