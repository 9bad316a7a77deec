using System.Collections.Immutable;
using Agent.Core.Attribution;

namespace Agent.Sources;

/// <summary>The network namespaces of the node and who owns them, in one scan.</summary>
internal sealed record NodeLayout
{
    /// <summary>The host's first. A namespace index is a position here.</summary>
    public required ImmutableArray<NamespaceScan> Namespaces { get; init; }

    /// <summary>The host first. An owner index is a position here.</summary>
    public required ImmutableArray<Owner> Owners { get; init; }

    /// <summary>Address to owner index.</summary>
    public required AddressIndex Addresses { get; init; }

    /// <summary>Where the node routes packets to, without default routes.</summary>
    public required RouteSet HostRoutes { get; init; }

    /// <summary>bridge-nf-call-iptables of the node.</summary>
    public required bool BridgeIsTracked { get; init; }

    public NamespaceScan Host => Namespaces[0];

    /// <summary>The primary namespace of an owner.</summary>
    public NamespaceScan NamespaceOf(int ownerIndex) => Namespaces[Owners[ownerIndex].NamespaceIndex];
}
