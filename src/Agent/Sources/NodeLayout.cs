using System.Collections.Immutable;
using Agent.Core.Attribution;
using Agent.Kernel.Namespaces;

namespace Agent.Sources;

/// <summary>The network namespaces of the node and who owns them, in one scan.</summary>
internal sealed record NodeLayout
{
    /// <summary>By slot; slot 0 is the node's own.</summary>
    public required ImmutableArray<NamespaceTarget> Namespaces { get; init; }

    /// <summary>By slot; slot 0 is the host.</summary>
    public required ImmutableArray<Owner> Owners { get; init; }

    /// <summary>By namespace slot: the owner of what belongs to nobody else.</summary>
    public required ImmutableArray<int> FirstOwner { get; init; }

    /// <summary>Whose address is whose.</summary>
    public required AddressIndex Addresses { get; init; }

    /// <summary>bridge-nf-call-iptables of the node.</summary>
    public required bool BridgeIsTracked { get; init; }
}

/// <summary>A network namespace and how to reach it.</summary>
/// <param name="Inode">Identifies it.</param>
/// <param name="Live">Its entry in the process table; null in a captured tree without processes.</param>
/// <param name="NetPath">The directory with its tables; null when it must be entered to be read.</param>
/// <param name="Memory">What earlier scans found.</param>
internal sealed record NamespaceTarget(ulong Inode, NetworkNamespace? Live, string? NetPath, NamespaceMemory Memory);
