using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Agent.Kernel.Netlink;
using static Agent.Kernel.Interop.ConntrackConstants;

namespace Agent.Kernel.Conntrack;

/// <summary>
/// Decodes CTA_PROTOINFO of TCP and SCTP in the one form in which the kernel writes it into a dump, as <see cref="PlainTuples"/> does
/// tuples.
/// </summary>
/// <remarks>Source: tcp_to_nlattr, net/netfilter/nf_conntrack_proto_tcp.c; sctp_to_nlattr, nf_conntrack_proto_sctp.c.</remarks>
internal static class PlainProtocolInfo
{
    private const uint Type = WordPattern.Type;
    private const int TcpLength = 48;
    private const int SctpLength = 32;

    private static ReadOnlySpan<uint> Tcp =>
    [
        TcpLength + WordPattern.Nested + (CTA_PROTOINFO * Type),
        TcpLength - 4 + WordPattern.Nested + (CTA_PROTOINFO_TCP * Type),
        5 + (CTA_PROTOINFO_TCP_STATE * Type), 0,
        5 + (CTA_PROTOINFO_TCP_WSCALE_ORIGINAL * Type), 0,
        5 + (CTA_PROTOINFO_TCP_WSCALE_REPLY * Type), 0,
        6 + (CTA_PROTOINFO_TCP_FLAGS_ORIGINAL * Type), 0,
        6 + (CTA_PROTOINFO_TCP_FLAGS_REPLY * Type), 0,
    ];

    private static ReadOnlySpan<uint> Sctp =>
    [
        SctpLength + WordPattern.Nested + (CTA_PROTOINFO * Type),
        SctpLength - 4 + WordPattern.Nested + (CTA_PROTOINFO_SCTP * Type),
        5 + (CTA_PROTOINFO_SCTP_STATE * Type), 0,
        8 + (CTA_PROTOINFO_SCTP_VTAG_ORIGINAL * Type), 0,
        8 + (CTA_PROTOINFO_SCTP_VTAG_REPLY * Type), 0,
    ];

    /// <summary>Decodes the attribute at the beginning of a message's rest.</summary>
    /// <returns>How many bytes it takes; 0 when it has another form.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Read(ReadOnlySpan<byte> bytes, ref ConntrackFlow flow)
    {
        var words = MemoryMarshal.Cast<byte, uint>(bytes);
        if (WordPattern.Begins(words, Tcp))
        {
            flow.TcpState = (TcpConntrackState)(byte)words[3];
            flow.TcpFlagsOriginal = (TcpConntrackFlags)(byte)words[9];
            flow.TcpFlagsReply = (TcpConntrackFlags)(byte)words[11];
            flow.Present |= ConntrackFields.TcpState | ConntrackFields.TcpFlags;
            return TcpLength;
        }

        if (WordPattern.Begins(words, Sctp))
        {
            flow.SctpState = (byte)words[3];
            flow.Present |= ConntrackFields.SctpState;
            return SctpLength;
        }

        return 0;
    }
}
