using System.Collections.Immutable;
using Agent.Core.Model;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Reporting.Screen;

/// <summary>Half-closed connections that a person would call the same: of one owner, port, peer, program and state.</summary>
/// <param name="Owner">Whose.</param>
/// <param name="Port">The owner's port where it listens there, otherwise the port of the peer.</param>
/// <param name="IsServer">Whether the owner listens at <paramref name="Port"/>.</param>
/// <param name="State">The socket's state.</param>
/// <param name="Process">The program that holds them; empty when no process does; null when not known.</param>
/// <param name="Peers">The other ends, by name where known; at least one.</param>
/// <param name="Connections">All of them that the snapshot lists, oldest first; at least one.</param>
/// <param name="IsMinimum">True when the owner has more than the snapshot lists.</param>
internal sealed record HalfClosedGroup(
    PodIdentity Owner,
    ushort Port,
    bool IsServer,
    TcpState State,
    string? Process,
    ImmutableArray<string> Peers,
    ImmutableArray<HalfClosedConnection> Connections,
    bool IsMinimum)
{
    // A program with more peers than this closes nobody's connections; which peers they are says nothing then.
    private const int PeersApart = 3;

    /// <summary>The oldest of them; null when no age is known.</summary>
    public HalfClosedConnection? Oldest =>
        Connections.Where(static connection => connection.Age is not null).MaxBy(static connection => connection.Age);

    /// <summary>How many of them are tracked so.</summary>
    public int Count(TrackingState tracking) => Connections.Count(connection => connection.Tracking == tracking);

    /// <summary>The groups of the view: forgotten and expiring ones first, then the largest.</summary>
    public static ImmutableArray<HalfClosedGroup> Of(ReportView view)
    {
        var owners = view.Pods.ToDictionary(static pod => pod.Identity);
        var sampled = view.Snapshot.Connections
            .Where(connection => owners.ContainsKey(connection.Owner))
            .GroupBy(static connection => connection.Owner);
        return
        [
            .. sampled.SelectMany(owner => OfOwner(owners[owner.Key], [.. owner], view.Peers))
                .OrderByDescending(static group => group.Count(TrackingState.Untracked))
                .ThenByDescending(static group => group.Count(TrackingState.Expiring))
                .ThenByDescending(static group => group.Connections.Length)
                .ThenBy(static group => group.Owner.DisplayName, StringComparer.Ordinal)
                .ThenBy(static group => group.Port),
        ];
    }

    private static IEnumerable<HalfClosedGroup> OfOwner(
        PodSnapshot owner, ImmutableArray<HalfClosedConnection> connections, PeerNames names)
    {
        var ports = owner.Listeners.Select(static listener => listener.Port).ToHashSet();
        var isMinimum = owner.HalfClosed.Sockets > connections.Length;
        var alike = connections.GroupBy(connection =>
        {
            var isServer = ports.Contains(connection.Tuple.SourcePort);
            return (
                IsServer: isServer,
                Port: isServer ? connection.Tuple.SourcePort : connection.Tuple.DestinationPort,
                connection.State,
                Process: connection.Process?.Command ?? (connection.Inode == 0 ? "" : null));
        });
        foreach (var group in alike)
        {
            var peers = group.GroupBy(names.Describe).ToArray();
            var together = peers.Length > PeersApart ? [group] : peers.Select(static peer => peer.AsEnumerable());
            foreach (var members in together)
            {
                ImmutableArray<HalfClosedConnection> all = [.. members];
                yield return new(
                    owner.Identity,
                    group.Key.Port,
                    group.Key.IsServer,
                    group.Key.State,
                    group.Key.Process,
                    [.. all.Select(names.Describe).Distinct()],
                    all,
                    isMinimum);
            }
        }
    }

}
