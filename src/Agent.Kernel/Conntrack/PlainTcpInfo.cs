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
    private const uint Tcp = Message.Length + ((uint)NLA_F_NESTED << 16) + (CTA_PROTOINFO_TCP * Type);
    private const uint State = 5 + (CTA_PROTOINFO_TCP_STATE * Type);
    private const uint FlagsOriginal = 6 + (CTA_PROTOINFO_TCP_FLAGS_ORIGINAL * Type);
    private const uint FlagsReply = 6 + (CTA_PROTOINFO_TCP_FLAGS_REPLY * Type);

    /// <summary>Decodes what CTA_PROTOINFO holds.</summary>
    /// <returns>False when it has another form.</returns>
    internal static bool TryRead(ReadOnlySpan<byte> value, ref ConntrackFlow flow)
    {
        if (!BitConverter.IsLittleEndian || value.Length != Message.Length)
        {
            return false;
        }

        ref readonly var message = ref MemoryMarshal.AsRef<Message>(value);
        if (((message.Header ^ Tcp) | (message.StateHeader ^ State)
            | (message.FlagsOriginalHeader ^ FlagsOriginal) | (message.FlagsReplyHeader ^ FlagsReply)) != 0)
        {
            return false;
        }

        flow.TcpState = (TcpConntrackState)(byte)message.State;
        flow.TcpFlagsOriginal = (TcpConntrackFlags)(byte)message.FlagsOriginal;
        flow.TcpFlagsReply = (TcpConntrackFlags)(byte)message.FlagsReply;
        flow.Present |= ConntrackFields.TcpState | ConntrackFields.TcpFlags;
        return true;
    }

#pragma warning disable CS0649 // filled by the kernel
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct Message
    {
        public const int Length = 44;

        public uint Header;
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
