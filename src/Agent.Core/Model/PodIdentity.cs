namespace Agent.Core.Model;

/// <summary>The owner of connections: a pod, the host, a network namespace or a container.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Namespace">The Kubernetes namespace; empty for everything that is no pod.</param>
/// <param name="Name">The pod's name, <c>host</c>, <c>netns:NAME-OR-INODE</c> or <c>container:ID</c> (12 characters).</param>
/// <param name="Uid">
/// The pod's uid as its cgroup and log directory have it. For a container and a network namespace something that no other one of the same
/// name has, which is not shown; empty for the host.
/// </param>
public sealed record PodIdentity(PodKind Kind, string Namespace, string Name, string Uid)
{
    public static PodIdentity Host { get; } = new(PodKind.Host, "", "host", "");

    /// <summary>What tells it from an earlier owner of the same name: the uid, or the name where there is none.</summary>
    public string Key => Uid.Length > 0 ? Uid : Name;

    /// <summary><c>namespace/name</c>, or the name alone where there is no namespace.</summary>
    public string DisplayName => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";
}
