using System.Collections.Immutable;
using Agent.Kernel.Net;
using Agent.Kernel.ProcFs;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Model;

/// <summary>One owner of connections at the time of a snapshot.</summary>
public sealed record PodSnapshot
{
    public required PodIdentity Identity { get; init; }

    /// <summary>True for a pod that shares the node's network namespace.</summary>
    public bool HostNetwork { get; init; }

    /// <summary>What the API server says of it; null without the API.</summary>
    public KubernetesPod? Kubernetes { get; init; }

    /// <summary>Its addresses, without loopback and link-local ones.</summary>
    public ImmutableArray<IpAddress> Addresses { get; init; } = [];

    /// <summary>
    /// Identifies its primary network namespace: the nsfs inode where readable, otherwise the inode of /proc/PID/net/tcp; 0 when unknown.
    /// </summary>
    public ulong NamespaceInode { get; init; }

    /// <summary>
    /// Names its primary network namespace for as long as the machine runs: what is compared over time is bound to this, because a
    /// number may be given again. 0 when unknown.
    /// </summary>
    public ulong NamespaceInstance { get; init; }

    public HalfClosedSummary HalfClosed { get; init; } = HalfClosedSummary.None;

    /// <summary>Sockets by state; null when they could not be read or are not told apart (a hostNetwork pod without cgroup ids).</summary>
    public TcpStateCounts? Tcp { get; init; }

    /// <summary>
    /// How long ago the sockets of its namespaces were as they are shown: zero unless namespaces are read in turns to stay within the
    /// budget; the oldest of several; null when they could not be read.
    /// </summary>
    public TimeSpan? SocketsAge { get; init; }

    /// <summary>Counters of its primary network namespace; null for a hostNetwork pod, whose namespace is the host's.</summary>
    public TcpCounters? Counters { get; init; }

    /// <summary>Counters of its other network namespaces, where it has made more than one.</summary>
    public ImmutableArray<NamespaceCounters> OtherCounters { get; init; } = [];

    /// <summary>
    /// The different programs that run in its network namespace (comm), of a hostNetwork pod its own, a bounded number, in order; empty
    /// when unknown and for the host.
    /// </summary>
    public ImmutableArray<string> Programs { get; init; } = [];

    /// <summary>
    /// Time since its newest process started of those that run the same program as an older one of the same container: a server's workers.
    /// Null without any, and when unknown.
    /// </summary>
    public TimeSpan? NewestWorkerRunning { get; init; }

    /// <summary>Ports that it listens on.</summary>
    public ImmutableArray<Listener> Listeners { get; init; } = [];

    /// <summary>Settings of its own network namespace; null when not readable or when it is the host's.</summary>
    public NetfilterSettings? Settings { get; init; }

    /// <summary>
    /// Its entries in the host's conntrack table; null when there is no dump, or none since it came. The host's include those of
    /// hostNetwork pods, which share its addresses.
    /// </summary>
    public OwnerEntries? Entries { get; init; }

    /// <summary>
    /// Which ports its connections come from: ip_local_port_range of its primary network namespace; null when not readable.
    /// </summary>
    public PortRange? LocalPorts { get; init; }

    /// <summary>Entries in its own conntrack table; null when unknown.</summary>
    public long? OwnTableEntries { get; init; }

    /// <summary>True when it is known which half-closed entries its own table has: it was asked for all of them.</summary>
    public bool OwnTableIsKnown => OwnTableEntries is not null && HalfClosed.OwnTableAsked;

    /// <summary>
    /// Whether its own network namespace tracks connections, as a mesh's redirection makes it; null when unknown or when it is the host's.
    /// </summary>
    public bool? OwnTableTracks { get; init; }

    /// <summary>
    /// True when conntrack is known to be in use in its own network namespace: only there do the timeouts of <see cref="Settings"/> matter.
    /// </summary>
    public bool TracksByItself => OwnTableTracks ?? OwnTableEntries > 0;

    /// <summary>Whether its connections are tracked at all, in either table; null when unknown.</summary>
    public bool? IsTracked { get; init; }

    /// <summary>How its connections ended; null when nobody listens in its network namespace.</summary>
    public EndsSummary? Ends { get; init; }

    /// <summary>Time since its oldest process started; null when unknown.</summary>
    public TimeSpan? Running { get; init; }
}

/// <summary>The counters of one network namespace.</summary>
/// <param name="Instance">As <see cref="PodSnapshot.NamespaceInstance"/>.</param>
/// <param name="Counters">The kernel's values.</param>
public sealed record NamespaceCounters(ulong Instance, TcpCounters Counters);

/// <summary>Sockets by state.</summary>
/// <param name="Counts">13 numbers, indexed by <see cref="TcpState"/>.</param>
public sealed record TcpStateCounts(ImmutableArray<long> Counts)
{
    /// <summary>How many numbers there are.</summary>
    public const int Length = 13;

    /// <summary>Sockets in a state.</summary>
    public long this[TcpState state] => Counts[(int)state];

    /// <summary>The sums of both.</summary>
    public TcpStateCounts Plus(TcpStateCounts other) => new([.. Counts.Zip(other.Counts, static (a, b) => a + b)]);
}

/// <summary>A port that a pod listens on.</summary>
public sealed record Listener
{
    public required ushort Port { get; init; }

    /// <summary>Address it is bound to; unspecified for all.</summary>
    public required IpAddress Address { get; init; }

    /// <summary>Connections waiting to be accepted (SO_REUSEPORT listeners added up).</summary>
    public required long Queued { get; init; }

    /// <summary>How many may wait.</summary>
    public required long Backlog { get; init; }

    /// <summary>Established connections at this port.</summary>
    public required long Established { get; init; }

    /// <summary>Sockets in TIME_WAIT at this port: the pod closed these first.</summary>
    public required long ClosedByPodFirst { get; init; }

    /// <summary>
    /// Connections that the pod was seen to close first after they had been idle, since the agent watches (idle at one scan, closed first
    /// at the next); null without two scans.
    /// </summary>
    public long? IdleClosesSeen { get; init; }

    /// <summary>Connections that were seen to be closed by the client after idling, likewise.</summary>
    public long? IdleClosesByPeerSeen { get; init; }

    /// <summary>
    /// How long the connections of <see cref="IdleClosesSeen"/> had been idle when the pod closed them (lower quartile); null when unknown.
    /// </summary>
    public TimeSpan? IdleAtClose { get; init; }

    /// <summary>Whether most of them had been idle for about as long, as a time-out makes them.</summary>
    public bool IdleClosesAgree { get; init; }

    /// <summary>
    /// How long ago its server was seen to be started anew, all listening sockets at the port replaced; null while it is the one that was
    /// there when watching began.
    /// </summary>
    public TimeSpan? RestartedAgo { get; init; }

    /// <summary>How long ago that was seen for the third-last time; null when it was seen less often.</summary>
    public TimeSpan? ThirdLastRestartAgo { get; init; }

    /// <summary>How often that was seen since the agent watches, at most once a scan; null without two scans.</summary>
    public long? Restarts { get; init; }

    /// <summary>The longest idle time of an established connection at this port in this scan; null without any.</summary>
    public TimeSpan? LongestIdle { get; init; }

    /// <summary>The longest idle time seen on an established connection at this port; null without samples.</summary>
    public IdleCeiling? Idle { get; init; }
}

/// <summary>The longest idle time among established server-side connections: a short keep-alive shows as a ceiling.</summary>
/// <param name="Ceiling">Longest idle time seen.</param>
/// <param name="Samples">Sockets looked at.</param>
/// <param name="Scans">
/// Scans in which there were any. Connections of one burst are all of the same age: many samples of few scans say little.
/// </param>
public sealed record IdleCeiling(TimeSpan Ceiling, long Samples, int Scans = 1);
