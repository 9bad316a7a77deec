using System.Collections.Frozen;
using Agent.Core.Model;
using Agent.Kernel.Net;

namespace Agent.Core.Reporting;

/// <summary>
/// Whose an address is: this node's pods, its other namespaces, itself, and what others know (<see cref="Snapshot.PeerNames"/>).
/// </summary>
public sealed class PeerNames
{
    private readonly FrozenDictionary<IpAddress, string> _names;

    private PeerNames(FrozenDictionary<IpAddress, string> names) => _names = names;

    /// <summary>The names of a snapshot. An address that two have is nobody's: a name that may be wrong is worse than none.</summary>
    public static PeerNames Of(Snapshot snapshot)
    {
        var here = snapshot.Pods
            .Where(static owner => !owner.HostNetwork)
            .SelectMany(owner => owner.Addresses.Select(address => (Address: address, Name: NameOf(owner, snapshot))))
            .ToLookup(static pair => pair.Address, static pair => pair.Name);
        return new(here
            .Where(static group => group.Distinct().Count() == 1)
            .Select(static group => KeyValuePair.Create(group.Key, group.First()))
            .Concat(snapshot.PeerNames.Where(pair => !here.Contains(pair.Key)))
            .ToFrozenDictionary());
    }

    /// <summary><c>shop/web-1</c>, <c>node worker-3</c>, <c>netns:blue</c>, <c>service shop/web</c>; null when it is not known.</summary>
    public string? Find(IpAddress address) => _names.GetValueOrDefault(address);

    /// <summary>
    /// Who is at the other end of a connection: by its socket where that is half-closed here, otherwise by the address that conntrack
    /// translates to, otherwise by the one that the connection was made to.
    /// </summary>
    public string? Find(HalfClosedConnection connection) =>
        connection.OtherEnd?.DisplayName
        ?? (connection.RealPeer is { } real ? Find(real.Address) : null)
        ?? Find(connection.Tuple.Destination);

    /// <summary>The same, and where it has no name its address: <c>10.88.2.7 by 10.96.0.50</c> where conntrack translates.</summary>
    public string Describe(HalfClosedConnection connection) => Find(connection)
        ?? (connection.RealPeer is { } real && real.Address != connection.Tuple.Destination
            ? $"{real.Address} by {connection.Tuple.Destination}"
            : connection.Tuple.Destination.ToString());

    private static string NameOf(PodSnapshot owner, Snapshot snapshot) =>
        owner.Identity.Kind == PodKind.Host ? $"node {snapshot.Node.Name}" : owner.Identity.DisplayName;
}
