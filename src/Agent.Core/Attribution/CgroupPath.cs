using Agent.Kernel.Namespaces;

namespace Agent.Core.Attribution;

/// <summary>What a cgroup path says about its owner. The spans point into the text that was parsed.</summary>
/// <remarks>
/// Sources: cgroups(7) for the file; the kubelet's cgroup manager (pkg/kubelet/cm) for the names of pods:
/// <c>kubepods[/QOS]/podUID/CONTAINER</c> with the cgroupfs driver, <c>kubepods[-QOS]-podUID.slice/RUNTIME-CONTAINER.scope</c>
/// with the systemd driver, which writes the uid's dashes as underscores. Anything may stand in front (a node that is itself a
/// container) and behind (a service manager inside the container).
/// </remarks>
public readonly ref struct CgroupPath
{
    private CgroupPath(CgroupOwnerKind kind, ReadOnlySpan<byte> podUid, ReadOnlySpan<byte> containerId)
    {
        Kind = kind;
        PodUid = podUid;
        ContainerId = containerId;
    }

    /// <summary>Pod, container or neither.</summary>
    public CgroupOwnerKind Kind { get; }

    /// <summary>The uid as written in the path: perhaps with underscores for dashes.</summary>
    public ReadOnlySpan<byte> PodUid { get; }

    /// <summary>The container id; empty when the path ends at the pod.</summary>
    public ReadOnlySpan<byte> ContainerId { get; }

    /// <summary>Parses the whole of /proc/PID/cgroup: one line a hierarchy, <c>ID:CONTROLLERS:PATH</c>.</summary>
    /// <remarks>
    /// On a node with cgroup v1 and v2 side by side the v2 line of a pod's process may name the runtime's service, and v1 lines
    /// may be at the root. So every line is looked at and the one that says most wins; among equals the first.
    /// </remarks>
    public static CgroupPath ParseFile(ReadOnlySpan<byte> procCgroup)
    {
        var best = default(CgroupPath);
        foreach (var range in procCgroup.Split((byte)'\n'))
        {
            var line = procCgroup[range];
            var found = Parse(line[PathStart(line)..]);
            if (found.Rank > best.Rank)
            {
                best = found;
            }
        }

        return best;
    }

    /// <summary>Parses one path, absolute or relative to a cgroup namespace (<c>/../..</c>).</summary>
    public static CgroupPath Parse(ReadOnlySpan<byte> path)
    {
        path = path.TrimEnd("\r "u8);
        var underKubepods = false;
        ReadOnlySpan<byte> container = [];
        foreach (var range in path.Split((byte)'/'))
        {
            var name = path[range];
            var next = FirstName(path[range.End..]);
            if (CgroupName.IsMonitor(name))
            {
                return default;
            }

            if (CgroupName.TryReadPod(name, underKubepods, out var uid, out var id))
            {
                id = id.IsEmpty ? CgroupName.ReadPodContainer(next) : id;
                return CgroupName.IsMonitor(next) ? default : new(CgroupOwnerKind.Pod, uid, id);
            }

            underKubepods |= name.IndexOf("kubepods"u8) >= 0;
            if (CgroupName.TryReadContainer(name, next, out var found))
            {
                container = found;
            }
        }

        return container.IsEmpty ? default : new(CgroupOwnerKind.Container, default, container);
    }

    private int Rank => ((int)Kind * 2) + (ContainerId.IsEmpty ? 0 : 1);

    // The path may contain colons itself, the list of controllers may not: the path starts after the second one.
    private static int PathStart(ReadOnlySpan<byte> line)
    {
        var first = line.IndexOf((byte)':');
        var second = first < 0 ? -1 : line[(first + 1)..].IndexOf((byte)':');
        return second < 0 ? line.Length : first + second + 2;
    }

    private static ReadOnlySpan<byte> FirstName(ReadOnlySpan<byte> rest)
    {
        rest = rest.TrimStart((byte)'/');
        var end = rest.IndexOf((byte)'/');
        return end < 0 ? rest : rest[..end];
    }
}
