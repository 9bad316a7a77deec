namespace Agent.Kernel.Conntrack;

/// <summary>
/// Flags of one direction of a TCP entry (CTA_PROTOINFO_TCP_FLAGS_*). Source: IP_CT_TCP_FLAG_*,
/// include/uapi/linux/netfilter/nf_conntrack_tcp.h.
/// </summary>
[Flags]
public enum TcpConntrackFlags : byte
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>IP_CT_TCP_FLAG_WINDOW_SCALE.</summary>
    WindowScale = 0x01,

    /// <summary>IP_CT_TCP_FLAG_SACK_PERM.</summary>
    SackPermitted = 0x02,

    /// <summary>IP_CT_TCP_FLAG_CLOSE_INIT: this direction sent its FIN first.</summary>
    CloseInit = 0x04,

    /// <summary>IP_CT_TCP_FLAG_BE_LIBERAL.</summary>
    BeLiberal = 0x08,

    /// <summary>IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED.</summary>
    DataUnacknowledged = 0x10,

    /// <summary>IP_CT_TCP_FLAG_MAXACK_SET.</summary>
    MaxAckSet = 0x20,

    /// <summary>IP_CT_EXP_CHALLENGE_ACK.</summary>
    ExpectChallengeAck = 0x40,

    /// <summary>IP_CT_TCP_SIMULTANEOUS_OPEN.</summary>
    SimultaneousOpen = 0x80,
}
