namespace Agent.Core.Model;

/// <summary>Which conntrack table an entry is in.</summary>
public enum ConntrackTableKind
{
    /// <summary>The node's network namespace.</summary>
    Host,

    /// <summary>The pod's own network namespace.</summary>
    Pod,
}
