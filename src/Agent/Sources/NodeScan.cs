using Agent.Core.Tallies;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Namespaces;

namespace Agent.Sources;

/// <summary>One scan: what it works with, and what it has found so far.</summary>
/// <param name="layout">Namespaces and owners.</param>
/// <param name="visitor">Enters namespaces; null in a captured tree.</param>
/// <param name="now">Monotonic time of the scan.</param>
/// <param name="cancellationToken">Ends it.</param>
internal sealed class NodeScan(NodeLayout layout, NamespaceVisitor? visitor, TimeSpan now, CancellationToken cancellationToken)
{
    public NodeLayout Layout { get; } = layout;

    public NamespaceVisitor? Visitor { get; } = visitor;

    public TimeSpan Now { get; } = now;

    public CancellationToken CancellationToken { get; } = cancellationToken;

    /// <summary>What hears connections end; null when nobody does.</summary>
    public ConnectionEndWatch? Ends { get; init; }

    /// <summary>Half-closed sockets of all namespaces.</summary>
    public HalfClosedTable HalfClosed { get; } = new();

    /// <summary>False when not a single socket table could be read.</summary>
    public bool SocketsRead { get; set; }

    /// <summary>Counters of the host's table; null when not readable.</summary>
    public ConntrackStatistics? Statistics { get; set; }

    /// <summary>The half-closed sockets of one namespace.</summary>
    public Span<HalfClosedSocket> HalfClosedOf(NamespaceScan network) => HalfClosed.Sockets[network.HalfClosed];

    /// <summary>
    /// True when the node has a route to the namespace, so that its connections pass the node's table. A namespace inside another
    /// one (a cluster in a container, a virtual machine's) is somebody else's to track.
    /// </summary>
    public bool IsRoutedByHost(NamespaceScan network) =>
        network.IsHost || network.Memory.Addresses.Any(Layout.HostRoutes.Contains);

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

    /// <summary>
    /// Whether the host's table would have this socket's connection. Two pods behind one bridge talk past the node's
    /// IP layer unless bridge-nf-call-iptables is on.
    /// </summary>
    public bool? IsInHostTable(in HalfClosedSocket socket)
    {
        var remote = Layout.Addresses.Find(socket.Socket.Tuple.Destination);
        var bothHere = !socket.Namespace.IsHost && remote >= 0 && !Layout.NamespaceOf(remote).IsHost;
        return bothHere && !Layout.BridgeIsTracked ? null : socket.Namespace.InHostTable;
    }
}
