using System.Runtime.CompilerServices;
using Agent.Kernel.Net;

namespace Agent.Kernel.Conntrack;

/// <summary>
/// One conntrack entry. Filled in place for each entry of a dump and handed to a sink by reference: copy what is to outlive the call.
/// </summary>
/// <remarks>
/// Sources: include/uapi/linux/netfilter/nfnetlink_conntrack.h (CTA_*) and net/netfilter/nf_conntrack_standalone.c
/// (/proc/net/nf_conntrack). A member whose bit in <see cref="Present"/> is not set is unknown, not zero.
/// </remarks>
public struct ConntrackFlow
{
    /// <summary>CTA_TUPLE_ORIG: who sent the first packet, to which address.</summary>
    public ConnectionTuple Original;

    /// <summary>CTA_TUPLE_REPLY: the answer's addresses, after NAT. Its source is the true responder.</summary>
    public ConnectionTuple Reply;

    /// <summary>Which members below and above were sent.</summary>
    public ConntrackFields Present;

    /// <summary>CTA_STATUS.</summary>
    public ConntrackStatus Status;

    /// <summary>CTA_TIMEOUT: seconds until the entry is forgotten, unless another packet comes.</summary>
    public uint TimeoutSeconds;

    /// <summary>CTA_ID.</summary>
    public uint Id;

    /// <summary>CTA_ZONE of both directions.</summary>
    public ushort Zone;

    /// <summary>CTA_TUPLE_ZONE of the original direction.</summary>
    public ushort OriginalZone;

    /// <summary>CTA_TUPLE_ZONE of the reply direction.</summary>
    public ushort ReplyZone;

    /// <summary>IPPROTO_* (CTA_PROTO_NUM).</summary>
    public byte Protocol;

    /// <summary>CTA_PROTOINFO_TCP_STATE.</summary>
    public TcpConntrackState TcpState;

    /// <summary>CTA_PROTOINFO_SCTP_STATE (enum sctp_conntrack).</summary>
    public byte SctpState;

    /// <summary>CTA_PROTOINFO_TCP_FLAGS_ORIGINAL.</summary>
    public TcpConntrackFlags TcpFlagsOriginal;

    /// <summary>CTA_PROTOINFO_TCP_FLAGS_REPLY.</summary>
    public TcpConntrackFlags TcpFlagsReply;

    /// <summary>True when the given member was sent.</summary>
    public readonly bool Has(ConntrackFields fields) => (Present & fields) == fields;

    /// <summary>TCP, and exactly one FIN was seen (FIN_WAIT or CLOSE_WAIT).</summary>
    public readonly bool IsHalfClosed
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Protocol == 6 && Has(ConntrackFields.TcpState) && TcpState is TcpConntrackState.FinWait or TcpConntrackState.CloseWait;
    }

    /// <summary>True for a protocol whose tuples have ports: TCP, UDP, SCTP, DCCP, UDP-Lite. GRE has keys in their place.</summary>
    public readonly bool HasPorts
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Protocol is 6 or 17 or 132 or 33 or 136;
    }

    /// <summary>
    /// True when the answer goes to another address or port than the one that the first packet came from (source NAT, masquerading).
    /// </summary>
    public readonly bool IsSourceTranslated
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (Reply.Destination != Original.Source) | (Reply.DestinationPort != Original.SourcePort);
    }

    /// <summary>
    /// True when the answer comes from another address or port than the one that was called (destination NAT: a service).
    /// </summary>
    public readonly bool IsRedirected
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (Reply.Source != Original.Destination) | (Reply.SourcePort != Original.DestinationPort);
    }

    /// <summary>True when an address or port differs between the two directions: without the entry packets go astray.</summary>
    public readonly bool IsTranslated => IsSourceTranslated || IsRedirected;

    /// <summary>True when the original direction's source sent the first FIN, false when the reply's did, null when unknown.</summary>
    public readonly bool? OriginalClosedFirst =>
        !Has(ConntrackFields.TcpFlags) ? null
        : (TcpFlagsOriginal & TcpConntrackFlags.CloseInit) != 0 ? true
        : (TcpFlagsReply & TcpConntrackFlags.CloseInit) != 0 ? false
        : null;
}
