using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Snapshots;

/// <summary>A dump of the node's table, summed up. It may be older than the scan that uses it, so owners are named, not numbered.</summary>
/// <param name="Summary">Counts and sample.</param>
/// <param name="Unattributed">Half-closed entries with neither end on this node.</param>
/// <param name="ByOwner">Half-closed entries of each owner that has any.</param>
/// <param name="Entries">All entries of each owner that there was.</param>
public sealed record FlowDump(
    FlowSummary Summary,
    HalfClosedFlowCounts Unattributed,
    ImmutableDictionary<PodIdentity, HalfClosedEntries> ByOwner,
    ImmutableDictionary<PodIdentity, OwnerEntries> Entries);
