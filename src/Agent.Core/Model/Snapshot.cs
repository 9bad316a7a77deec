using System.Collections.Frozen;
using System.Collections.Immutable;
using Agent.Kernel.Net;

namespace Agent.Core.Model;

/// <summary>
/// All that is known of a node at one time. Immutable; published by swapping one reference. Unknown is null or absent, never zero.
/// </summary>
public sealed record Snapshot
{
    /// <summary>No names of peers.</summary>
    public static FrozenDictionary<IpAddress, string> NoNames { get; } = FrozenDictionary<IpAddress, string>.Empty;

    /// <summary>When the scan began (UTC).</summary>
    public required DateTimeOffset TakenAt { get; init; }

    public required NodeInfo Node { get; init; }

    /// <summary>What decides which repairs this node takes.</summary>
    public NodePlace Place { get; init; } = NodePlace.Unknown;

    /// <summary>How long the scan took.</summary>
    public required TimeSpan ScanDuration { get; init; }

    /// <summary>What each source read.</summary>
    public required ImmutableArray<SourceReport> Sources { get; init; }

    /// <summary>The host's conntrack table.</summary>
    public ConntrackSummary? Conntrack { get; init; }

    /// <summary>Settings of the host's namespace; null when not readable.</summary>
    public NetfilterSettings? HostSettings { get; init; }

    /// <summary>Pods, the host and other namespaces: the host first, then by half-closed sockets, most first, then by name.</summary>
    public required ImmutableArray<PodSnapshot> Pods { get; init; }

    /// <summary>Owners that left a short while ago: the last ends of their connections are still being counted.</summary>
    public ImmutableArray<GonePod> Gone { get; init; } = [];

    /// <summary>How well ends of connections are heard; null when nobody listens.</summary>
    public ConnectionEndsSummary? ConnectionEnds { get; init; }

    /// <summary>Half-closed sockets that belong to nobody known; null when sockets could not be read.</summary>
    public long? UnattributedHalfClosedSockets { get; init; }

    /// <summary>Half-closed entries of the host's table with neither end on this node; null when the table could not be read.</summary>
    public HalfClosedFlowCounts? UnattributedHalfClosedFlows { get; init; }

    /// <summary>Half-closed connections, a bounded number for each owner, oldest first.</summary>
    public ImmutableArray<HalfClosedConnection> Connections { get; init; } = [];

    /// <summary>Whose addresses of peers are, as far as others than this node know: Services, other nodes, their pods.</summary>
    public FrozenDictionary<IpAddress, string> PeerNames { get; init; } = NoNames;

    /// <summary>Age of the conntrack dump at the time of this snapshot; null without one.</summary>
    public TimeSpan? ConntrackAge =>
        Conntrack?.Flows is { } flows
            ? TakenAt + ScanDuration - flows.TakenAt is var age && age > TimeSpan.Zero
            ? age
            : TimeSpan.Zero
            : null;

    /// <summary>
    /// True when nf_conntrack is not loaded: its sysctl files are there as soon as it is. Nothing is tracked then, and nothing forgotten.
    /// </summary>
    public bool TracksNothing =>
        !Node.CapturedTree
        && !HasSource(SourceNames.Conntrack)
        && Source(SourceNames.Sysctl) is { Status: SourceStatus.Unavailable } settings
        && settings.Needs.HasFlag(SourceNeeds.ConntrackModule);

    /// <summary>The report of a source; null when it was not asked.</summary>
    public SourceReport? Source(string name) => Sources.FirstOrDefault(source => source.Name == name);

    /// <summary>True when a source read at least a part.</summary>
    public bool HasSource(string name) => Source(name) is { Status: SourceStatus.Ok or SourceStatus.Degraded };
}
