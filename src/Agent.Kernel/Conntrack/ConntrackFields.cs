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

    /// <summary><see cref="ConntrackFlow.Zone"/>.</summary>
    Zone = 1 << 4,

    /// <summary><see cref="ConntrackFlow.Id"/>; netlink only.</summary>
    Id = 1 << 5,

    /// <summary><see cref="ConntrackFlow.SctpState"/>.</summary>
    SctpState = 1 << 6,

    /// <summary><see cref="ConntrackFlow.OriginalZone"/>: a zone of the original direction only.</summary>
    OriginalZone = 1 << 7,

    /// <summary><see cref="ConntrackFlow.ReplyZone"/>: a zone of the reply direction only.</summary>
    ReplyZone = 1 << 8,
}
