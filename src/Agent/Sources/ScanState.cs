using Agent.Core.Tallies;
using Agent.Kernel.Net;

namespace Agent.Sources;

/// <summary>What one scan has found so far.</summary>
/// <param name="layout">Namespaces and owners.</param>
/// <param name="now">Monotonic time of the scan.</param>
/// <param name="cancellationToken">Ends it.</param>
internal sealed class ScanState(NodeLayout layout, TimeSpan now, CancellationToken cancellationToken)
{
    public NodeLayout Layout { get; } = layout;

    public TimeSpan Now { get; } = now;

    public CancellationToken CancellationToken { get; } = cancellationToken;

    /// <summary>Half-closed sockets of all namespaces.</summary>
    public HalfClosedTable HalfClosed { get; } = new();

    /// <summary>False when not a single socket table could be read.</summary>
    public bool SocketsRead { get; set; }

    public NamespaceSettings? HostSettings { get; set; }

    /// <summary>Entries of the host's table where its settings are not readable.</summary>
    public long? HostTableEntries { get; set; }

    /// <summary>By namespace slot: whether the node's table tracks its connections; null when unknown.</summary>
    public bool?[] HostTracks { get; } = new bool?[layout.Namespaces.Length];

    /// <summary>By namespace slot: whether its own table tracks; null when unknown.</summary>
    public bool?[] OwnTableTracks { get; } = new bool?[layout.Namespaces.Length];

    /// <summary>By namespace slot: where its half-closed sockets begin; they are read namespace by namespace.</summary>
    public int[] HalfClosedStart { get; } = new int[layout.Namespaces.Length];

    /// <summary>By namespace slot: some established connections that leave it.</summary>
    public IReadOnlyList<ConnectionTuple>[] Established { get; } = [.. layout.Namespaces.Select(static _ => (IReadOnlyList<ConnectionTuple>)[])];

    /// <summary>Where the node routes packets to, without default routes.</summary>
    public List<IpNetwork> HostRoutes { get; } = [];

    /// <summary>
    /// True when the node has a route to the namespace, so that its connections pass the node's table. A namespace inside another
    /// one (a cluster in a container, a virtual machine's) is somebody else's to track.
    /// </summary>
    public bool IsRoutedByHost(int slot) =>
        slot == 0 || Layout.Namespaces[slot].Memory.Addresses.Any(address => HostRoutes.Exists(route => route.Contains(address)));

    /// <summary>The half-closed sockets of the namespace that was read last.</summary>
    public Span<HalfClosedSocket> HalfClosedOf(int lastSlot) => HalfClosed.Sockets[HalfClosedStart[lastSlot]..];

    /// <summary>A namespace with an empty table translates nothing.</summary>
    public void MarkOutsideKnown(int lastSlot)
    {
        foreach (ref var socket in HalfClosedOf(lastSlot))
        {
            socket.OutsideIsKnown = true;
        }
    }

    /// <summary>A namespace with an entry in the node's table is tracked there.</summary>
    public void NoteDump(FlowTally tally)
    {
        for (var owner = 0; owner < Layout.Owners.Length; owner++)
        {
            if (tally.HasEntries(owner))
            {
                HostTracks[Layout.Owners[owner].NamespaceSlot] = true;
            }
        }
    }

    /// <summary>
    /// Whether the node's table would have this socket's connection. Two pods behind one bridge talk past the node's
    /// IP layer unless bridge-nf-call-iptables is on.
    /// </summary>
    public bool? HostTracksSocket(in HalfClosedSocket socket)
    {
        var remote = Layout.Addresses.Find(socket.Socket.Tuple.Destination);
        var bothHere = socket.NamespaceSlot != 0 && remote >= 0 && Layout.Owners[remote].NamespaceSlot != 0;
        return bothHere && !Layout.BridgeIsTracked ? null : HostTracks[socket.NamespaceSlot];
    }
}
