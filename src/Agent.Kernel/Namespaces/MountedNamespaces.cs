using Agent.Kernel.ProcFs;

namespace Agent.Kernel.Namespaces;

/// <summary>
/// The network namespaces that are mounted somewhere: in /run/docker/netns, by bubblewrap, by a program of one's own. The mounts of a
/// process are those of its mount namespace, so of each mount namespace one process is asked, the oldest.
/// </summary>
/// <remarks>
/// Anybody who may make a user namespace can mount, 100,000 times in each mount namespace (fs.mount-max): what is read is bounded, and
/// once a minute is enough for what is there to stay.
/// </remarks>
internal sealed class MountedNamespaces(DirectoryHandle procRoot, MountLimits limits)
{
    private const int HostPid = 1;
    private const int MaxOutOfReach = 1024;
    private static readonly TimeSpan s_period = TimeSpan.FromMinutes(1);

    private readonly List<MountedNamespace> _found = [];
    private readonly HashSet<ulong> _seen = [];
    private readonly HashSet<ulong> _outOfReach = [];
    private byte[] _buffer = [];
    private TimeSpan? _lastPass;

    /// <summary>As of the last pass, one mount of each.</summary>
    public IReadOnlyList<MountedNamespace> Found => _found;

    /// <summary>
    /// Inodes that are mounted, and cannot be opened without waiting or are too many. 1,024 of them at most.
    /// </summary>
    public IReadOnlyCollection<ulong> OutOfReach => _outOfReach;

    /// <summary>What the last pass could not look at.</summary>
    public MountStatistics Statistics { get; private set; }

    /// <summary>Looks through the mounts when that is due.</summary>
    /// <param name="now">A reading of any monotonic clock, the same one each time.</param>
    /// <param name="processes">All processes.</param>
    /// <returns>True when it looked.</returns>
    public bool Refresh(TimeSpan now, IEnumerable<NamespaceProcess> processes)
    {
        if (_lastPass is { } last && now - last < s_period)
        {
            return false;
        }

        _lastPass = now;
        _found.Clear();
        _seen.Clear();
        _outOfReach.Clear();
        Statistics = default;
        var oldest = OldestByMountNamespace(processes);
        var left = limits.BytesInAll;
        var leftOut = Math.Max(0, oldest.Count - limits.MountNamespaces);
        foreach (var process in oldest.Take(limits.MountNamespaces))
        {
            var isWhole = false;
            if (left > 0 && TryRead(process.Pid, Math.Min(left, limits.Bytes), out var length, out isWhole))
            {
                left -= length;
                Collect(process, _buffer.AsSpan(0, length));
            }

            leftOut += isWhole ? 0 : 1;
        }

        Statistics = Statistics with { LeftOut = leftOut };
        return true;
    }

    /// <summary>Of each mount namespace its oldest process, the host's first.</summary>
    private List<NamespaceProcess> OldestByMountNamespace(IEnumerable<NamespaceProcess> processes)
    {
        var oldest = new Dictionary<ulong, NamespaceProcess>();
        foreach (var process in processes)
        {
            if (process.Standing != ProcessStanding.Member)
            {
                continue;
            }

            var errno = procRoot.Stat(process.Pid, "ns/mnt"u8, out var status);
            if (errno == 0 && (!oldest.TryGetValue(status.Inode, out var known) || IsBefore(process, known)))
            {
                oldest[status.Inode] = process;
            }

            if (errno is ErrnoText.EACCES or ErrnoText.EPERM)
            {
                Statistics = Statistics with { Denied = Statistics.Denied + 1 };
            }
        }

        var sorted = oldest.Values.ToList();
        sorted.Sort(static (one, other) => one == other ? 0 : IsBefore(one, other) ? -1 : 1);
        return sorted;
    }

    private static bool IsBefore(NamespaceProcess process, NamespaceProcess known) =>
        process.Pid == HostPid || (known.Pid != HostPid && NamespaceProcess.CompareAge(process, known) < 0);

    /// <returns>False when the process is gone: there is nothing to look through.</returns>
    private bool TryRead(int pid, int maxLength, out int length, out bool isWhole)
    {
        while (true)
        {
            var errno = procRoot.Read(pid, "mountinfo"u8, _buffer, out length);
            isWhole = errno is 0 or ErrnoText.ENOENT or ErrnoText.ESRCH or ErrnoText.EINVAL;
            if (errno != 0)
            {
                return false;
            }

            if (length < _buffer.Length)
            {
                isWhole = length <= maxLength;
                length = Math.Min(length, maxLength);
                return true;
            }

            if (_buffer.Length >= maxLength)
            {
                isWhole = false;
                length = maxLength;
                return true;
            }

            _buffer = new byte[Math.Min(Math.Max(_buffer.Length * 4, 16 * 1024), limits.Bytes)];
        }
    }

    private void Collect(NamespaceProcess process, ReadOnlySpan<byte> mounts)
    {
        Span<byte> path = stackalloc byte[4096];
        var lines = new ProcLines(mounts);
        while (lines.MoveNext())
        {
            if (!MountInfo.TryParseNamespace(lines.Current, out var inode, out var mountPoint) || _seen.Contains(inode))
            {
                continue;
            }

            if (!TryAdd(process, inode, mountPoint, path) && _outOfReach.Count < MaxOutOfReach)
            {
                _outOfReach.Add(inode);
            }
        }
    }

    private bool TryAdd(NamespaceProcess process, ulong inode, ReadOnlySpan<byte> mountPoint, Span<byte> path)
    {
        if (_found.Count >= limits.Found || mountPoint.Length > path.Length)
        {
            return false;
        }

        // Without the slash that it begins with, with a NUL in the place of what follows.
        var length = MountInfo.Unescape(mountPoint[1..], path);
        path[length] = 0;
        using var opened = MountedNamespace.TryOpen(procRoot, process.Pid, path[..(length + 1)], out var status);
        if (opened is null || status.Inode != inode)
        {
            return false;
        }

        _seen.Add(inode);
        _outOfReach.Remove(inode);
        _found.Add(new(inode, process, status.ModifiedNanoseconds) { RelativePath = path[..(length + 1)].ToArray() });
        return true;
    }
}

/// <summary>What a pass over the mounts looks at, at most.</summary>
public sealed record MountLimits
{
    /// <summary>Mount namespaces: the host's, then the oldest.</summary>
    public int MountNamespaces { get; init; } = 512;

    /// <summary>Bytes of mountinfo of one mount namespace: 1 MiB is about 8,000 mounts.</summary>
    public int Bytes { get; init; } = 1 << 20;

    /// <summary>Bytes of mountinfo in all.</summary>
    public int BytesInAll { get; init; } = 16 << 20;

    /// <summary>Network namespaces that are found.</summary>
    public int Found { get; init; } = 1024;
}

/// <summary>What a pass over the mounts could not look at.</summary>
public readonly record struct MountStatistics
{
    /// <summary>Mount namespaces that were not looked through, or not to their end.</summary>
    public int LeftOut { get; init; }

    /// <summary>Mounted network namespaces without process or name that cannot be opened without waiting, or were too many.</summary>
    public int OutOfReach { get; init; }

    /// <summary>Processes whose mount namespace may not be looked at: CAP_SYS_PTRACE is missing.</summary>
    public int Denied { get; init; }
}
