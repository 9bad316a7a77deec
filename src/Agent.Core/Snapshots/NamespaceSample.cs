using System.Collections.Immutable;
using Agent.Core.Model;
using Agent.Core.Tallies;
using Agent.Kernel.Net;
using Agent.Kernel.ProcFs;

namespace Agent.Core.Snapshots;

/// <summary>What was read of one network namespace.</summary>
public sealed record NamespaceSample
{
    /// <summary>Identifies it within the node.</summary>
    public required ulong Inode { get; init; }

    /// <summary>Names it for good, which its inode does not.</summary>
    public ulong Instance { get; init; }

    /// <summary>Which tables track its connections.</summary>
    public required NamespaceTracking Tracking { get; init; }

    /// <summary>Its addresses, without loopback and link-local ones.</summary>
    public ImmutableArray<IpAddress> Addresses { get; init; } = [];

    /// <summary>TCP counters; null when not readable.</summary>
    public TcpCounters? Counters { get; init; }

    /// <summary>nf_conntrack settings; null when not readable.</summary>
    public NetfilterSettings? Settings { get; init; }

    /// <summary>ip_local_port_range; null when not readable.</summary>
    public PortRange? LocalPorts { get; init; }

    /// <summary>Entries in its conntrack table; null when unknown.</summary>
    public long? TableEntries { get; init; }

    /// <summary>Sockets by owner index; null when they could not be read.</summary>
    public ImmutableDictionary<int, TcpStateCounts>? Sockets { get; init; }

    /// <summary>
    /// How long ago its sockets were as they are shown: zero when they were dumped in this scan, or nothing has happened since they were;
    /// null when they could not be read.
    /// </summary>
    public TimeSpan? SocketsAge { get; init; }

    /// <summary>The different programs that run there, a bounded number, in order; empty when unknown.</summary>
    public ImmutableArray<string> Programs { get; init; } = [];

    /// <summary>Listening ports.</summary>
    public ImmutableArray<OwnedListener> Listeners { get; init; } = [];
}

/// <summary>A listener and the index of its owner in the scan.</summary>
public sealed record OwnedListener(int OwnerIndex, Listener Listener);
