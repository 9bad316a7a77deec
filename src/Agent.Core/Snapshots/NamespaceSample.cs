using System.Collections.Immutable;
using Agent.Core.Model;
using Agent.Kernel.Net;
using Agent.Kernel.ProcFs;

namespace Agent.Core.Snapshots;

/// <summary>What was read of one network namespace.</summary>
public sealed record NamespaceSample
{
    /// <summary>Identifies it within the node.</summary>
    public required ulong Inode { get; init; }

    /// <summary>Its addresses, without loopback and link-local ones.</summary>
    public ImmutableArray<IpAddress> Addresses { get; init; } = [];

    /// <summary>TCP counters; null when not readable.</summary>
    public TcpCounters? Counters { get; init; }

    /// <summary>nf_conntrack settings; null when not readable.</summary>
    public NetfilterSettings? Settings { get; init; }

    /// <summary>Entries in its conntrack table; null when unknown.</summary>
    public long? TableEntries { get; init; }

    /// <summary>Sockets by owner slot; null when they could not be read.</summary>
    public ImmutableDictionary<int, TcpStateCounts>? Sockets { get; init; }

    /// <summary>Listening ports by owner slot.</summary>
    public ImmutableArray<OwnedListener> Listeners { get; init; } = [];

    /// <summary>Whether the node's table tracks its connections; null when unknown.</summary>
    public bool? HostTracks { get; init; }

    /// <summary>Whether its own table tracks its connections; null when unknown.</summary>
    public bool? OwnTableTracks { get; init; }
}

/// <summary>A listener and the slot of its owner.</summary>
public sealed record OwnedListener(int Owner, Listener Listener);
