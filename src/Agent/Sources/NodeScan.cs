using Agent.Core.Tallies;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Namespaces;
using Agent.Kernel.Net;

namespace Agent.Sources;

/// <summary>One scan: what it works with, and what it has found so far.</summary>
/// <param name="layout">Namespaces and owners.</param>
/// <param name="visitor">Enters namespaces; null in a captured tree.</param>
/// <param name="halfClosed">What earlier scans saw of half-closed sockets.</param>
/// <param name="now">Monotonic time of the scan.</param>
/// <param name="cancellationToken">Ends it.</param>
internal sealed class NodeScan(
    NodeLayout layout, NamespaceVisitor? visitor, HalfClosedMemory halfClosed, TimeSpan now, CancellationToken cancellationToken)
{
    /// <summary>Listening ports that are kept of one namespace.</summary>
    public const int MaxListenersPerNamespace = 128;

    /// <summary>Listening ports that are kept in all, but for <see cref="MinimumListeners"/> of each namespace.</summary>
    public const int MaxListeners = 4096;

    /// <summary>Listening ports that are kept of a namespace in any case.</summary>
    public const int MinimumListeners = 8;

    private int _listeners;

    public NodeLayout Layout { get; } = layout;

    public NamespaceVisitor? Visitor { get; } = visitor;

    public TimeSpan Now { get; } = now;

    public CancellationToken CancellationToken { get; } = cancellationToken;

    /// <summary>What hears connections end; null when nobody does.</summary>
    public ConnectionEndWatch? Ends { get; init; }

    /// <summary><see cref="ScanRequest.SocketBudgetPercent"/>.</summary>
    public double? SocketBudgetPercent { get; init; }

    /// <summary>Half-closed sockets of all namespaces.</summary>
    public HalfClosedTable HalfClosed { get; } = new(halfClosed, (network, tuple) => MayPassBy(layout, network, tuple));

    /// <summary>How many listening ports are kept of the next namespace.</summary>
    public int ListenerShare => Math.Clamp(MaxListeners - _listeners, MinimumListeners, MaxListenersPerNamespace);

    /// <summary>False when not a single socket table could be read.</summary>
    public bool SocketsRead { get; set; }

    /// <summary>Counters of the host's table; null when not readable.</summary>
    public ConntrackStatistics? Statistics { get; set; }

    /// <summary>Counts the listening ports that are kept.</summary>
    public void NoteListeners(int count) => _listeners += count;

    /// <summary>The half-closed sockets of one namespace that are kept in full.</summary>
    public Span<HalfClosedSocket> HalfClosedOf(NamespaceScan network) => HalfClosed.Of(network.Tracking);

    /// <summary>
    /// True when the node has a route to the namespace, so that its connections pass the node's table. A namespace inside another
    /// one (a cluster in a container, a virtual machine's) is somebody else's to track.
    /// </summary>
    public bool IsRoutedByHost(NamespaceScan network) =>
        network.IsHost || network.Memory.Addresses.Any(Layout.HostRoutes.Contains);

    /// <summary>
    /// True for an address of a pod whose sockets this scan has read: a connection from there is known to be gone when its socket is not
    /// there. The node's own addresses may stand for anybody's, as masquerading does it.
    /// </summary>
    public bool IsReadHere(IpAddress address) => Layout.Addresses.Find(address) is >= 0 and var owner
        && Layout.NamespaceOf(owner) is { IsHost: false, Sample.Sockets: not null };

    /// <summary>A namespace with an entry in the host's table is tracked there.</summary>
    public void NoteDump(FlowTally tally)
    {
        for (var owner = 0; owner < Layout.Owners.Length; owner++)
        {
            if (tally.HasEntries(owner))
            {
                Layout.NamespaceOf(owner).Tracking.InHostTable = true;
            }
        }
    }

    /// <summary>Whether the host's table would have this socket's connection; null when that cannot be told.</summary>
    public bool? IsInHostTable(in HalfClosedSocket socket) =>
        MayPassBy(Layout, socket.Namespace, socket.Socket.Tuple) ? null : socket.Namespace.InHostTable;

    /// <summary>Two pods behind one bridge talk past the node's IP layer unless bridge-nf-call-iptables is on.</summary>
    private static bool MayPassBy(NodeLayout layout, NamespaceTracking network, in ConnectionTuple tuple) =>
        !layout.BridgeIsTracked && !network.IsHost
        && layout.Addresses.Find(tuple.Destination) is >= 0 and var remote && !layout.NamespaceOf(remote).IsHost;
}
