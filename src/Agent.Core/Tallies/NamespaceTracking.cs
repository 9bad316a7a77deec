namespace Agent.Core.Tallies;

/// <summary>
/// Which conntrack tables know the connections of one network namespace, in one scan. All its sockets have the same object, so two
/// sockets share a namespace exactly when they share this.
/// </summary>
/// <param name="isHost">True for the node's own namespace.</param>
/// <param name="instance">Names it from scan to scan.</param>
public sealed class NamespaceTracking(bool isHost, ulong instance = 0)
{
    /// <summary>True for the node's own namespace, whose table is the host's.</summary>
    public bool IsHost { get; } = isHost;

    /// <summary>Whether the host's table tracks its connections; null when unknown.</summary>
    public bool? InHostTable { get; set; }

    /// <summary>True when it is known to translate nothing: its connections look the same outside.</summary>
    public bool IsUntranslated { get; set; }

    /// <summary>True when there is no table of its own to ask, or nothing in it.</summary>
    public bool HasNoOwnEntries => IsHost || IsUntranslated || InOwnTable == false;

    /// <summary>Makes connections of this namespace alone differ from those of others with the same ends.</summary>
    internal ulong Salt { get; } = instance ^ 0x9E37_79B9_7F4A_7C15;

    /// <summary>Bits that are others in most other namespaces.</summary>
    internal ushort Tag { get; } = (ushort)(instance ^ (instance >> 16) ^ (instance >> 32) ^ (instance >> 48));

    /// <summary>
    /// Whether the host's table picks up connections in their middle (nf_conntrack_tcp_loose); null when unknown.
    /// </summary>
    public bool? HostIsLoose { get; set; }

    /// <summary>Whether its own table does.</summary>
    public bool? OwnIsLoose { get; set; }

    /// <summary>Whether its own table tracks them; null when unknown, and for the host's.</summary>
    public bool? InOwnTable { get; set; }
}
