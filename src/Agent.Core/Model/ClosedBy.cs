namespace Agent.Core.Model;

/// <summary>Who sent the first FIN, from the pod's point of view.</summary>
public enum ClosedBy
{
    /// <summary>Neither conntrack nor the socket tells.</summary>
    Unknown,

    /// <summary>The pod closed first.</summary>
    Pod,

    /// <summary>The other side closed first.</summary>
    Peer,
}
