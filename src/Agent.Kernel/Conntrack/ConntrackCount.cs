namespace Agent.Kernel.Conntrack;

/// <summary>The size of a conntrack table (IPCTNL_MSG_CT_GET_STATS).</summary>
/// <param name="Entries">Entries of this namespace, with those that expired but were not collected yet; null when not sent.</param>
/// <param name="Limit">nf_conntrack_max, since Linux 5.1; 0 means no limit; null when not sent.</param>
public readonly record struct ConntrackCount(long? Entries, long? Limit);
