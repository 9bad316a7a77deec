using System.Collections.Immutable;
using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Core.Tallies;
using Agent.Kernel.Conntrack;

namespace Agent.Core.Snapshots;

/// <summary>Everything that the sources read in one scan, before it is assembled.</summary>
public sealed record NodeSample
{
    /// <summary>When the scan began.</summary>
    public required DateTimeOffset TakenAt { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Which machine.</summary>
    public required NodeInfo Node { get; init; }

    /// <summary>What decides which repairs it takes.</summary>
    public NodePlace Place { get; init; } = NodePlace.Unknown;

    /// <summary>How the sources fared.</summary>
    public required ImmutableArray<SourceReport> Sources { get; init; }

    /// <summary>The host first. An owner index is a position here.</summary>
    public required ImmutableArray<Owner> Owners { get; init; }

    /// <summary>The host's first. A namespace index is a position here.</summary>
    public required ImmutableArray<NamespaceSample> Namespaces { get; init; }

    /// <summary>Half-closed sockets, judged; null when sockets could not be read.</summary>
    public HalfClosedTable? HalfClosed { get; init; }

    /// <summary>The newest dump of the host's table, summed up; null when there is none.</summary>
    public FlowDump? Flows { get; init; }

    /// <summary><see cref="ConntrackSummary.IsBeingRead"/>.</summary>
    public bool TableIsBeingRead { get; init; }

    /// <summary>nf_conntrack_count of the host.</summary>
    public long? TableEntries { get; init; }

    /// <summary>nf_conntrack_max.</summary>
    public long? TableLimit { get; init; }

    /// <summary>nf_conntrack_buckets.</summary>
    public long? TableBuckets { get; init; }

    /// <summary>How connections ended; null when nobody listens.</summary>
    public EndsSample? Ends { get; init; }

    /// <summary>Conntrack's counters.</summary>
    public ConntrackStatistics? Statistics { get; init; }
}
