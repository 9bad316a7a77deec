using System.Collections.Frozen;
using Agent.Core.Model;
using Agent.Kernel.Net;

namespace Agent.Core.Reporting;

/// <summary>Whose an address is, as far as this node knows: its pods, its other namespaces, and itself.</summary>
public sealed class PeerNames
{
    private readonly FrozenDictionary<IpAddress, string> _names;

    private PeerNames(FrozenDictionary<IpAddress, string> names) => _names = names;

    /// <summary>The names of a snapshot. An address that two have is nobody's: a name that may be wrong is worse than none.</summary>
    public static PeerNames Of(Snapshot snapshot) => new(snapshot.Pods
        .Where(static owner => !owner.HostNetwork)
        .SelectMany(owner => owner.Addresses.Select(address => (Address: address, Name: NameOf(owner, snapshot))))
        .GroupBy(static pair => pair.Address)
        .Where(static group => group.Select(static pair => pair.Name).Distinct().Count() == 1)
        .ToFrozenDictionary(static group => group.Key, static group => group.First().Name));

    /// <summary><c>shop/web-1</c>, <c>node worker-3</c>, <c>netns:blue</c>; null when it is not known.</summary>
    public string? Find(IpAddress address) => _names.GetValueOrDefault(address);

    /// <summary>Who is at the other end of a connection: by its socket where that is half-closed here, otherwise by its address.</summary>
    public string? Find(HalfClosedConnection connection) =>
        connection.OtherEnd?.DisplayName ?? Find(connection.Tuple.Destination);

    private static string NameOf(PodSnapshot owner, Snapshot snapshot) =>
        owner.Identity.Kind == PodKind.Host ? $"node {snapshot.Node.Name}" : owner.Identity.DisplayName;
}
