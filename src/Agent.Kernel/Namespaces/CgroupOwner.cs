namespace Agent.Kernel.Namespaces;

/// <summary>Whom a process belongs to, as the path of its cgroup tells.</summary>
/// <param name="Kind">Pod, container or neither.</param>
/// <param name="PodUid">The pod's uid with dashes, or the 32 hexadecimal digits of a static pod; empty when there is none.</param>
/// <param name="ContainerId">
/// The full container id; empty for a process in the pod's own cgroup (a sandbox, a monitor) and outside containers.
/// </param>
public sealed record CgroupOwner(CgroupOwnerKind Kind, string PodUid, string ContainerId)
{
    /// <summary>Neither pod nor container.</summary>
    public static CgroupOwner None { get; } = new(CgroupOwnerKind.None, "", "");
}

/// <summary>What a cgroup belongs to.</summary>
public enum CgroupOwnerKind : byte
{
    /// <summary>Neither: a service, a session, a container's monitor.</summary>
    None,

    /// <summary>A container that is no pod, or whose pod the path does not show.</summary>
    Container,

    /// <summary>A Kubernetes pod.</summary>
    Pod,
}

/// <summary>Decides whom a process belongs to. Must not keep the bytes.</summary>
/// <param name="procCgroup">The whole of /proc/PID/cgroup.</param>
public delegate CgroupOwner CgroupClassification(ReadOnlySpan<byte> procCgroup);
