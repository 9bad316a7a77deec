namespace Agent.Kernel.Namespaces;

/// <summary>
/// One network namespace of a <see cref="ProcessTable"/>. The same object at every scan while the
/// namespace has processes, so it can be the key of a cache.
/// </summary>
public sealed class NetworkNamespace
{
    private static ulong s_names;

    private readonly List<NamespaceProcess> _processes = [];
    private IReadOnlyList<CgroupOwner> _owners = [];
    private int _ownersVersion = -1;

    private ulong _id;

    internal NetworkNamespace(ulong id) => _id = id;

    /// <summary>
    /// The inode of /proc/PID/net/tcp, which is another one in each namespace and can be read without any right. 0 for a namespace
    /// without processes that was never entered.
    /// </summary>
    public ulong Id => Interlocked.Read(ref _id);

    /// <summary>The inode of the namespace itself (<c>net:[INODE]</c>, as lsns(8) shows it); 0 where it may not be read.</summary>
    public ulong Inode { get; internal set; }

    /// <summary><see cref="Inode"/> where known, otherwise <see cref="Id"/>.</summary>
    public ulong DisplayInode => Inode != 0 ? Inode : Id;

    /// <summary>
    /// Its name below /run/netns (ip-netns(8)); null when it has none. Container runtimes give such names to pods' namespaces too.
    /// </summary>
    public string? Name { get; internal set; }

    /// <summary>The file of that name; null when it has none.</summary>
    public string? NamePath { get; internal set; }

    /// <summary>Where it is mounted, when it has neither a process nor a name.</summary>
    public MountedNamespace? Mount { get; internal set; }

    /// <summary>
    /// Its id in the kernel's list (<see cref="ListedNamespaces"/>), when it has neither a process nor a name nor a mount that can be
    /// opened; otherwise 0. A descriptor keeps it, a thread, or a mount.
    /// </summary>
    public ulong ListedId { get; internal set; }

    /// <summary>True for the namespace of process 1.</summary>
    public bool IsHost { get; internal set; }

    /// <summary>A live process in it, as of the last scan; 0 when it has none and only a name, a mount or its id leads to it.</summary>
    public int RepresentativePid => Representative?.Pid ?? 0;

    /// <summary>
    /// The directory with its tables, for example <c>/proc/42/net</c>; null when only a name, a mount or its id leads
    /// to it: then it must be entered.
    /// </summary>
    public string? NetPath { get; internal set; }

    /// <summary>Its processes, in no order. Changes with the next scan.</summary>
    public IReadOnlyList<NamespaceProcess> Processes => _processes;

    /// <summary>Changes whenever a process joins or leaves, or its owner changes.</summary>
    public int Version { get; private set; }

    /// <summary>The different owners of its processes, <see cref="CgroupOwner.None"/> included.</summary>
    public IReadOnlyList<CgroupOwner> Owners
    {
        get
        {
            if (_ownersVersion != Version)
            {
                _owners = [.. _processes.Select(process => process.Owner).Distinct()];
                _ownersVersion = Version;
            }

            return _owners;
        }
    }

    /// <summary>
    /// Names this namespace, and never another one while the machine runs: <see cref="Id"/> and <see cref="Inode"/> are given again as
    /// soon as they are free. Made of the number, start and process id of the oldest process when it was first seen.
    /// </summary>
    public ulong Instance { get; private set; }

    /// <summary>The process that has been there longest: most likely the one that will stay.</summary>
    public NamespaceProcess? Oldest
    {
        get
        {
            NamespaceProcess? oldest = null;
            foreach (var process in _processes)
            {
                oldest = oldest is null || NamespaceProcess.CompareAge(process, oldest) < 0 ? process : oldest;
            }

            return oldest;
        }
    }

    internal NamespaceProcess? Representative { get; set; }

    /// <summary>True when something besides processes leads to it: as long as that is the same, so is the namespace.</summary>
    internal bool HasFile => Name is not null || Mount is not null || ListedId != 0;

    /// <summary>
    /// Of its name or mount: <see cref="NamedNamespace.MadeNanoseconds"/>. Where it is only listed: its id, which tells as much.
    /// </summary>
    internal long MadeNanoseconds { get; set; }

    /// <summary>Fixes <see cref="Instance"/> at the end of the scan that found it.</summary>
    /// <param name="known">What it is known by already; 0 when it is new.</param>
    internal void Settle(ulong known)
    {
        if (Instance == 0)
        {
            Instance = known;
        }

        if (Instance == 0)
        {
            var (start, pid) = Oldest is { } oldest ? (oldest.StartTicks, oldest.Pid) : (Interlocked.Increment(ref s_names), 0);
            Instance = Math.Max(1, Mix(Mix(Mix(DisplayInode) ^ start) ^ (ulong)pid));
        }
    }

    /// <summary>Notes the <see cref="Id"/> that was found inside, unless it is known. For several threads at once.</summary>
    /// <returns>False when another one is known.</returns>
    internal bool Learn(ulong id) => Interlocked.CompareExchange(ref _id, id, 0) is var known && (known == 0 || known == id);

    internal void Add(NamespaceProcess process, long scan)
    {
        process.Namespace = this;
        process.MemberSince = scan;
        process.NamespaceIndex = _processes.Count;
        _processes.Add(process);
        Version++;
    }

    internal void Remove(NamespaceProcess process)
    {
        var last = _processes[^1];
        _processes[process.NamespaceIndex] = last;
        last.NamespaceIndex = process.NamespaceIndex;
        _processes.RemoveAt(_processes.Count - 1);
        process.Namespace = null;
        process.NamespaceIndex = -1;
        Representative = Representative == process ? null : Representative;
        Version++;
    }

    internal void OwnerChanged() => Version++;

    // The finalizer of MurmurHash3: each bit of the input changes half of the output's.
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 33)) * 0xFF51_AFD7_ED55_8CCD;
        value = (value ^ (value >> 33)) * 0xC4CE_B9FE_1A85_EC53;
        return value ^ (value >> 33);
    }
}
