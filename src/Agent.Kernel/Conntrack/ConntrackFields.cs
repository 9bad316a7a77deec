namespace Agent.Kernel.Conntrack;

/// <summary>Which optional members of a <see cref="ConntrackFlow"/> the kernel sent.</summary>
[Flags]
public enum ConntrackFields : ushort
{
    /// <summary>Nothing but the two tuples.</summary>
    None = 0,

    /// <summary><see cref="ConntrackFlow.Status"/>; by procfs only the bits that its text shows.</summary>
    Status = 1 << 0,

    /// <summary><see cref="ConntrackFlow.TimeoutSeconds"/>; absent for offloaded entries.</summary>
    Timeout = 1 << 1,

    /// <summary><see cref="ConntrackFlow.TcpState"/>.</summary>
    TcpState = 1 << 2,

    /// <summary><see cref="ConntrackFlow.TcpFlagsOriginal"/> and <see cref="ConntrackFlow.TcpFlagsReply"/>; netlink only.</summary>
    TcpFlags = 1 << 3,

    /// <summary><see cref="ConntrackFlow.Mark"/>.</summary>
    Mark = 1 << 4,

    /// <summary><see cref="ConntrackFlow.Zone"/>.</summary>
    Zone = 1 << 5,

    /// <summary>The four packet and byte counters (nf_conntrack_acct).</summary>
    Counters = 1 << 6,

    /// <summary><see cref="ConntrackFlow.StartUnixNanoseconds"/> (nf_conntrack_timestamp); netlink only.</summary>
    Start = 1 << 7,

    /// <summary><see cref="ConntrackFlow.AgeSeconds"/> (nf_conntrack_timestamp); procfs only (<c>delta-time=</c>).</summary>
    Age = 1 << 8,

    /// <summary><see cref="ConntrackFlow.Id"/>; netlink only.</summary>
    Id = 1 << 9,

    /// <summary><see cref="ConntrackFlow.Use"/>.</summary>
    Use = 1 << 10,

    /// <summary><see cref="ConntrackFlow.SctpState"/>.</summary>
    SctpState = 1 << 11,

    /// <summary><see cref="ConntrackFlow.OriginalZone"/>: a zone of the original direction only.</summary>
    OriginalZone = 1 << 12,

    /// <summary><see cref="ConntrackFlow.ReplyZone"/>: a zone of the reply direction only.</summary>
    ReplyZone = 1 << 13,

    /// <summary><see cref="ConntrackFlow.IcmpType"/>, code and id.</summary>
    Icmp = 1 << 14,

    /// <summary><see cref="ConntrackFlow.StopUnixNanoseconds"/>: the entry has ended (events only).</summary>
    Stop = 1 << 15,
}
