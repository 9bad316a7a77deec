namespace Agent.Core.Tallies;

/// <summary>
/// Which conntrack tables know the connections of one network namespace, in one scan. All its sockets have the same object, so two
/// sockets share a namespace exactly when they share this.
/// </summary>
/// <param name="isHost">True for the node's own namespace.</param>
public sealed class NamespaceTracking(bool isHost)
{
    /// <summary>True for the node's own namespace, whose table is the host's.</summary>
    public bool IsHost { get; } = isHost;

    /// <summary>Whether the host's table tracks its connections; null when unknown.</summary>
    public bool? InHostTable { get; set; }

    /// <summary>Whether its own table tracks them; null when unknown, and for the host's.</summary>
    public bool? InOwnTable { get; set; }
}
