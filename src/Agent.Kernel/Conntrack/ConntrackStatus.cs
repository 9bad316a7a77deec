namespace Agent.Kernel.Conntrack;

/// <summary>Bits of CTA_STATUS. Source: enum ip_conntrack_status, include/uapi/linux/netfilter/nf_conntrack_common.h.</summary>
[Flags]
public enum ConntrackStatus : uint
{
    /// <summary>No bit.</summary>
    None = 0,

    /// <summary>IPS_EXPECTED: created by an expectation (a helper).</summary>
    Expected = 1 << 0,

    /// <summary>IPS_SEEN_REPLY: packets in both directions.</summary>
    SeenReply = 1 << 1,

    /// <summary>IPS_ASSURED: not dropped early when the table is full.</summary>
    Assured = 1 << 2,

    /// <summary>IPS_CONFIRMED: in the table.</summary>
    Confirmed = 1 << 3,

    /// <summary>IPS_SRC_NAT.</summary>
    SourceNat = 1 << 4,

    /// <summary>IPS_DST_NAT.</summary>
    DestinationNat = 1 << 5,

    /// <summary>IPS_DYING.</summary>
    Dying = 1 << 9,

    /// <summary>IPS_FIXED_TIMEOUT.</summary>
    FixedTimeout = 1 << 10,

    /// <summary>IPS_OFFLOAD: in a flow table; neither timeout nor state is shown.</summary>
    Offload = 1 << 14,

    /// <summary>IPS_HW_OFFLOAD.</summary>
    HardwareOffload = 1 << 15,
}
