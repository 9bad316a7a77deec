using Agent.Kernel.Net;
using Agent.Kernel.Netlink;
using static Agent.Kernel.Interop.ConntrackConstants;

namespace Agent.Kernel.Conntrack;

/// <summary>Decodes CTA_TUPLE_ORIG or CTA_TUPLE_REPLY. Source: ctnetlink_dump_tuples, net/netfilter/nf_conntrack_netlink.c.</summary>
internal struct ConntrackTupleParser
{
    private IpAddress _source;
    private IpAddress _destination;
    private ushort _sourcePort;
    private ushort _destinationPort;
    private byte _found;

    private const byte FoundSource = 1;
    private const byte FoundDestination = 2;
    private const byte FoundProtocol = 4;
    private const byte FoundAll = FoundSource | FoundDestination | FoundProtocol;

    internal readonly ConnectionTuple Tuple => new(_source, _destination, _sourcePort, _destinationPort);

    internal byte Protocol { get; private set; }

    internal bool HasZone { get; private set; }

    internal ushort Zone { get; private set; }

    /// <summary>False when an address or the protocol is missing.</summary>
    internal bool TryParse(ReadOnlySpan<byte> value)
    {
        var attributes = new NetlinkAttributeReader(value);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case CTA_TUPLE_IP:
                    ParseAddresses(attributes.Value);
                    break;
                case CTA_TUPLE_PROTO:
                    ParseProtocol(attributes.Value);
                    break;
                case CTA_TUPLE_ZONE when attributes.TryGetUInt16BigEndian(out var zone):
                    Zone = zone;
                    HasZone = true;
                    break;
                default:
                    break;
            }
        }

        return _found == FoundAll && !attributes.IsMalformed;
    }

    private void ParseAddresses(ReadOnlySpan<byte> value)
    {
        var attributes = new NetlinkAttributeReader(value);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case CTA_IP_V4_SRC or CTA_IP_V6_SRC when IpAddress.TryRead(attributes.Value, out _source):
                    _found |= FoundSource;
                    break;
                case CTA_IP_V4_DST or CTA_IP_V6_DST when IpAddress.TryRead(attributes.Value, out _destination):
                    _found |= FoundDestination;
                    break;
                default:
                    break;
            }
        }
    }

    private void ParseProtocol(ReadOnlySpan<byte> value)
    {
        var attributes = new NetlinkAttributeReader(value);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case CTA_PROTO_NUM when attributes.TryGetByte(out var protocol):
                    Protocol = protocol;
                    _found |= FoundProtocol;
                    break;

                // For GRE these are the two keys.
                case CTA_PROTO_SRC_PORT when attributes.TryGetUInt16BigEndian(out _sourcePort):
                case CTA_PROTO_DST_PORT when attributes.TryGetUInt16BigEndian(out _destinationPort):
                    break;
                default:
                    break;
            }
        }
    }
}
