namespace Agent.Core.Model;

/// <summary>Which side of a connection a socket was.</summary>
public enum EndRole : byte
{
    /// <summary>It accepted the connection: its local port listens, or did.</summary>
    Server,

    /// <summary>It opened the connection.</summary>
    Client,
}
