namespace Agent.Kernel.Conntrack;

/// <summary>
/// Conntrack's counters, summed over the CPUs; each wraps at 2^32 per CPU in the kernel. Null: this kernel does not have
/// the counter. Sources: CTA_STATS_* (nfnetlink_conntrack.h) and /proc/net/stat/nf_conntrack.
/// </summary>
public sealed record ConntrackStatistics
{
    /// <summary>Entries found while searching (CTA_STATS_FOUND).</summary>
    public ulong? Found { get; init; }

    /// <summary>Packets that could not be tracked (CTA_STATS_INVALID).</summary>
    public ulong? Invalid { get; init; }

    /// <summary>Entries inserted (CTA_STATS_INSERT).</summary>
    public ulong? Insert { get; init; }

    /// <summary>Insertions that failed, usually because of a clash (CTA_STATS_INSERT_FAILED): the packet was dropped.</summary>
    public ulong? InsertFailed { get; init; }

    /// <summary>
    /// Packets dropped: no entry could be allocated because the table is full, or it clashed and
    /// counts in <see cref="InsertFailed"/> too (CTA_STATS_DROP).
    /// </summary>
    public ulong? Drop { get; init; }

    /// <summary>Entries dropped to make room (CTA_STATS_EARLY_DROP).</summary>
    public ulong? EarlyDrop { get; init; }

    /// <summary>Malformed ICMP errors and alike (CTA_STATS_ERROR; <c>icmp_error</c> in /proc).</summary>
    public ulong? Error { get; init; }

    /// <summary>Look-ups that had to start again because of a resize (CTA_STATS_SEARCH_RESTART).</summary>
    public ulong? SearchRestart { get; init; }

    /// <summary>Clashes resolved (CTA_STATS_CLASH_RESOLVE; <c>clashres</c> in /proc), since 5.10.</summary>
    public ulong? ClashResolve { get; init; }

    /// <summary>Insertions refused because a hash chain was too long (CTA_STATS_CHAIN_TOOLONG; <c>chainlength</c>), since 5.15.</summary>
    public ulong? ChainTooLong { get; init; }
}
