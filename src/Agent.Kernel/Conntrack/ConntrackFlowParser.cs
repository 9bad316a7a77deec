using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Agent.Kernel.Netlink;
using static Agent.Kernel.Interop.ConntrackConstants;

namespace Agent.Kernel.Conntrack;

/// <summary>
/// Decodes one IPCTNL_MSG_CT_NEW message. Source: ctnetlink_fill_info, net/netfilter/nf_conntrack_netlink.c; numbers are big-endian.
/// </summary>
internal static class ConntrackFlowParser
{
    /// <summary>Decodes the payload of a message: struct nfgenmsg, then attributes.</summary>
    /// <returns>
    /// False when the message is malformed or lacks a tuple; attributes that are unknown, or have an unknown length, are passed over.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static bool TryParse(ReadOnlySpan<byte> payload, ref ConntrackFlow flow)
    {
        flow = default;
        if (payload.Length < NFGENMSG_LENGTH)
        {
            return false;
        }

        var rest = payload[NFGENMSG_LENGTH..];
        var tuples = PlainTuples.Read(rest, ref flow);
        if (tuples != 0)
        {
            rest = rest[tuples..];
            rest = rest[PlainMembers.Read(rest, ref flow)..];
            rest = rest[PlainProtocolInfo.Read(rest, ref flow)..];
            rest = rest[PlainMembers.SkipExtensions(rest)..];
            if (rest.IsEmpty)
            {
                return true;
            }
        }

        return TryParseAttributes(rest, tuples != 0, ref flow);
    }

    /// <summary>Whatever is left, in any order.</summary>
    private static bool TryParseAttributes(ReadOnlySpan<byte> rest, bool hasTuples, ref ConntrackFlow flow)
    {
        var (hasOriginal, hasReply) = (hasTuples, hasTuples);
        var attributes = new NetlinkAttributeReader(rest);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case CTA_TUPLE_ORIG:
                    hasOriginal = TryParseOriginal(attributes.Value, ref flow);
                    break;
                case CTA_TUPLE_REPLY:
                    hasReply = TryParseReply(attributes.Value, ref flow);
                    break;
                default:
                    ParseMember(attributes.Type, attributes.Value, ref flow);
                    break;
            }
        }

        return hasOriginal && hasReply && !attributes.IsMalformed;
    }

    private static void ParseMember(ushort type, ReadOnlySpan<byte> value, ref ConntrackFlow flow)
    {
        switch (type)
        {
            case CTA_STATUS when BinaryPrimitives.TryReadUInt32BigEndian(value, out var status) && value.Length == sizeof(uint):
                flow.Status = (ConntrackStatus)status;
                flow.Present |= ConntrackFields.Status;
                break;
            case CTA_PROTOINFO:
                ParseProtocolInfo(value, ref flow);
                break;
            case CTA_TIMEOUT when BinaryPrimitives.TryReadUInt32BigEndian(value, out var timeout) && value.Length == sizeof(uint):
                flow.TimeoutSeconds = timeout;
                flow.Present |= ConntrackFields.Timeout;
                break;
            case CTA_ID when BinaryPrimitives.TryReadUInt32BigEndian(value, out var id) && value.Length == sizeof(uint):
                flow.Id = id;
                flow.Present |= ConntrackFields.Id;
                break;
            case CTA_ZONE when BinaryPrimitives.TryReadUInt16BigEndian(value, out var zone) && value.Length == sizeof(ushort):
                flow.Zone = zone;
                flow.Present |= ConntrackFields.Zone;
                break;
            default:
                // Mark, counters, timestamps, helpers, NAT sequence adjustment, labels, security context: nothing here needs them.
                break;
        }
    }

    private static bool TryParseOriginal(ReadOnlySpan<byte> value, ref ConntrackFlow flow)
    {
        var tuple = default(ConntrackTupleParser);
        if (!tuple.TryParse(value))
        {
            return false;
        }

        flow.Original = tuple.Tuple;
        flow.Protocol = tuple.Protocol;
        if (tuple.HasZone)
        {
            flow.OriginalZone = tuple.Zone;
            flow.Present |= ConntrackFields.OriginalZone;
        }

        return true;
    }

    private static bool TryParseReply(ReadOnlySpan<byte> value, ref ConntrackFlow flow)
    {
        var tuple = default(ConntrackTupleParser);
        if (!tuple.TryParse(value))
        {
            return false;
        }

        flow.Reply = tuple.Tuple;
        if (tuple.HasZone)
        {
            flow.ReplyZone = tuple.Zone;
            flow.Present |= ConntrackFields.ReplyZone;
        }

        return true;
    }

    private static void ParseProtocolInfo(ReadOnlySpan<byte> value, ref ConntrackFlow flow)
    {
        var attributes = new NetlinkAttributeReader(value);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case CTA_PROTOINFO_TCP:
                    ParseTcp(attributes.Value, ref flow);
                    break;
                case CTA_PROTOINFO_SCTP:
                    ParseSctp(attributes.Value, ref flow);
                    break;
                default:
                    break;
            }
        }
    }

    private static void ParseTcp(ReadOnlySpan<byte> value, ref ConntrackFlow flow)
    {
        var attributes = new NetlinkAttributeReader(value);
        var directions = 0;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case CTA_PROTOINFO_TCP_STATE when attributes.TryGetByte(out var state):
                    flow.TcpState = (TcpConntrackState)state;
                    flow.Present |= ConntrackFields.TcpState;
                    break;

                // struct nf_ct_tcp_flags: u8 flags, u8 mask.
                case CTA_PROTOINFO_TCP_FLAGS_ORIGINAL when attributes.Value.Length == 2:
                    flow.TcpFlagsOriginal = (TcpConntrackFlags)attributes.Value[0];
                    directions |= 1;
                    break;
                case CTA_PROTOINFO_TCP_FLAGS_REPLY when attributes.Value.Length == 2:
                    flow.TcpFlagsReply = (TcpConntrackFlags)attributes.Value[0];
                    directions |= 2;
                    break;
                default:
                    break;
            }
        }

        if (directions == 3)
        {
            flow.Present |= ConntrackFields.TcpFlags;
        }
    }

    private static void ParseSctp(ReadOnlySpan<byte> value, ref ConntrackFlow flow)
    {
        var attributes = new NetlinkAttributeReader(value);
        while (attributes.MoveNext())
        {
            if (attributes.Type == CTA_PROTOINFO_SCTP_STATE && attributes.TryGetByte(out flow.SctpState))
            {
                flow.Present |= ConntrackFields.SctpState;
            }
        }
    }
}
