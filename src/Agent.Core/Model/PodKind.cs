namespace Agent.Core.Model;

/// <summary>What kind of thing owns a connection.</summary>
public enum PodKind
{
    Pod,

    /// <summary>The node's own network namespace, outside every pod.</summary>
    Host,

    /// <summary>A network namespace that belongs to no pod and no container (<c>ip netns</c>, a sandbox).</summary>
    NetworkNamespace,

    /// <summary>A container that is no pod.</summary>
    Container,
}
