namespace Agent.Core.Tallies;

/// <summary>What is known of the socket at the other end of a half-closed connection.</summary>
public enum PeerState
{
    /// <summary>It is on another node, or cannot be found.</summary>
    Unknown,

    /// <summary>It is on this node, and a process holds it: somebody may still wait for an answer.</summary>
    Waiting,

    /// <summary>It would be on this node and is not there, or no process holds it any more.</summary>
    Gone,
}
