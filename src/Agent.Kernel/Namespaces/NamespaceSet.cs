using Agent.Kernel.ProcFs;

namespace Agent.Kernel.Namespaces;

/// <summary>
/// The namespaces of a <see cref="ProcessTable"/>: those with processes by their id, and those that only have a name, or only a mount, or
/// are only listed.
/// </summary>
internal sealed class NamespaceSet(DirectoryHandle root, string procRoot, bool isLive, NamedNamespaces names, MountedNamespaces mounts)
{
    private const int ProcessesTried = 8;

    private readonly Dictionary<ulong, NetworkNamespace> _byId = [];
    private readonly Dictionary<ulong, NetworkNamespace> _fileOnly = [];
    private readonly Dictionary<ulong, (ulong Instance, long MadeNanoseconds)> _named = [];
    private readonly List<NetworkNamespace> _all = [];
    private readonly LiveNamespaceIdentity _identity = new();
    private readonly ListedNamespaces _listed = new(new LiveNamespaceListing());
    private bool _changed = true;

    public IReadOnlyList<NetworkNamespace> All => _all;

    public NetworkNamespace? Host { get; private set; }

    /// <summary>Mounted ones that nothing else leads to and that cannot be opened.</summary>
    public int OutOfReach { get; private set; }

    /// <summary>How much the kernel's own list shows.</summary>
    public NamespaceListing Listing => _listed.Reach;

    /// <summary>A copy: checking representatives moves processes between namespaces.</summary>
    public NetworkNamespace[] WithProcesses => [.. _byId.Values];

    public NetworkNamespace GetOrAdd(ulong id)
    {
        if (!_byId.TryGetValue(id, out var found))
        {
            found = new(id);
            _byId.Add(id, found);
            _changed = true;
        }

        return found;
    }

    /// <summary>Forgets namespaces without processes: one of the same number that is found after this is another one.</summary>
    public void ForgetEmpty()
    {
        foreach (var @namespace in WithProcesses)
        {
            if (@namespace.Processes.Count == 0)
            {
                _byId.Remove(@namespace.Id);
                _changed = true;
            }
        }
    }

    /// <summary>The namespace of these processes is another one that was given the same number: makes a new object for them.</summary>
    public void Renew(NetworkNamespace @namespace, long scan)
    {
        _byId.Remove(@namespace.Id);
        var renewed = GetOrAdd(@namespace.Id);
        var representative = @namespace.Representative!;
        foreach (var process in @namespace.Processes.ToArray())
        {
            @namespace.Remove(process);
            renewed.Add(process, scan);
        }

        SetRepresentative(renewed, representative);
    }

    /// <summary>True when the representative is still alive and there.</summary>
    public bool HasRepresentative(NetworkNamespace @namespace) => @namespace.Representative is { } process && IsMember(process);

    public bool IsMember(NamespaceProcess process) =>
        !isLive || (_identity.Read(root, process.Pid, out var id) == 0 && id == process.Namespace?.Id);

    public void SetRepresentative(NetworkNamespace @namespace, NamespaceProcess process)
    {
        @namespace.Representative = process;
        @namespace.NetPath = $"{procRoot}/{process.Pid}/net";
        if (@namespace.Inode == 0 && TryReadInode(@namespace, process, out var inode))
        {
            @namespace.Inode = inode;
            _changed = true;
        }
    }

    /// <summary>By the representative, or where that may not be looked at, as process 1 here and there, by another process.</summary>
    private bool TryReadInode(NetworkNamespace @namespace, NamespaceProcess representative, out ulong inode)
    {
        if (NamespaceLink.TryRead(root, representative.Pid, out inode))
        {
            return true;
        }

        foreach (var other in @namespace.Processes.Take(ProcessesTried))
        {
            if (NamespaceLink.TryRead(root, other.Pid, out inode) && IsMember(other))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Drops what is empty, gives names, and sets <see cref="All"/>.</summary>
    /// <param name="host">The namespace of process 1.</param>
    /// <param name="processes">All processes, whose mounts are looked through.</param>
    /// <param name="now">The time of the scan.</param>
    public void Publish(NetworkNamespace? host, IEnumerable<NamespaceProcess> processes, TimeSpan now)
    {
        ForgetEmpty();
        _changed |= isLive && (mounts.Refresh(now, processes) | _listed.Refresh(now));
        _changed |= names.Refresh() || _fileOnly.Values.Any(@namespace => @namespace.Id != 0);
        if (_changed)
        {
            GiveNames();
            _changed = false;
        }

        _all.Clear();
        _all.AddRange(_byId.Values);
        _all.AddRange(_fileOnly.Values);
        Host = host;
        foreach (var @namespace in _all)
        {
            @namespace.IsHost = @namespace == host;
            @namespace.Settle(InstanceByFile(@namespace));
        }

        RememberNamed();
    }

    /// <summary>
    /// A name or a mount keeps its namespace alive without processes: as long as it leads to the same inode, it is the same one. An id is
    /// never another one's.
    /// </summary>
    private ulong InstanceByFile(NetworkNamespace @namespace) =>
        @namespace.HasFile
        && _named.GetValueOrDefault(@namespace.Inode) is var (instance, made)
        && made == @namespace.MadeNanoseconds ? instance : 0;

    private void RememberNamed()
    {
        _named.Clear();
        foreach (var @namespace in _all)
        {
            if (@namespace is { Inode: not 0, HasFile: true })
            {
                _named[@namespace.Inode] = (@namespace.Instance, @namespace.MadeNanoseconds);
            }
        }
    }

    private void GiveNames()
    {
        var byInode = new Dictionary<ulong, NetworkNamespace>(_byId.Count);
        foreach (var @namespace in _byId.Values)
        {
            @namespace.Name = @namespace.NamePath = null;
            @namespace.Mount = null;
            @namespace.ListedId = 0;
            if (@namespace.Inode != 0)
            {
                byInode[@namespace.Inode] = @namespace;
            }
        }

        var named = new HashSet<ulong>();
        foreach (var name in names.Found)
        {
            if (!byInode.TryGetValue(name.Inode, out var @namespace) && !TryFindEntered(name, out @namespace))
            {
                @namespace = FileOnly(name.Inode, name.MadeNanoseconds);
                named.Add(name.Inode);
            }

            (@namespace.Name, @namespace.NamePath, @namespace.MadeNanoseconds) = (name.Name, name.Path, name.MadeNanoseconds);
            @namespace.Mount = null;
            @namespace.ListedId = 0;
        }

        OutOfReach = 0;

        // Where the inodes of those with processes may not be read, a mounted one may be any of them.
        if (byInode.Count == _byId.Count)
        {
            GiveMounts(byInode, named);
            GiveListed(byInode, named);
            OutOfReach = mounts.OutOfReach.Count(inode => !named.Contains(inode) && !byInode.ContainsKey(inode));
        }

        foreach (var inode in _fileOnly.Keys.Where(inode => !named.Contains(inode)).ToArray())
        {
            _fileOnly.Remove(inode);
        }
    }

    private void GiveMounts(Dictionary<ulong, NetworkNamespace> byInode, HashSet<ulong> named)
    {
        foreach (var mount in mounts.Found)
        {
            if (named.Contains(mount.Inode) || (byInode.TryGetValue(mount.Inode, out var @namespace) && @namespace.Name is not null))
            {
                continue;
            }

            if (@namespace is null)
            {
                @namespace = FileOnly(mount.Inode, mount.MadeNanoseconds);
                (@namespace.Name, @namespace.NamePath, @namespace.ListedId) = (null, null, 0);
                named.Add(mount.Inode);
            }

            (@namespace.Mount, @namespace.MadeNanoseconds) = (mount, mount.MadeNanoseconds);
        }
    }

    private void GiveListed(Dictionary<ulong, NetworkNamespace> byInode, HashSet<ulong> named)
    {
        foreach (var one in _listed.Found)
        {
            if (!byInode.ContainsKey(one.Inode) && named.Add(one.Inode))
            {
                var @namespace = FileOnly(one.Inode, (long)one.Id);
                (@namespace.Name, @namespace.NamePath, @namespace.Mount) = (null, null, null);
                (@namespace.ListedId, @namespace.MadeNanoseconds) = (one.Id, (long)one.Id);
            }
        }
    }

    private NetworkNamespace FileOnly(ulong inode, long madeNanoseconds) =>
        _fileOnly.TryGetValue(inode, out var known) && known.MadeNanoseconds == madeNanoseconds
            ? known
            : _fileOnly[inode] = new(0) { Inode = inode };

    // Without the right to read ns/net of its processes, entering a namespace by its name is what ties the two together.
    private bool TryFindEntered(NamedNamespace name, out NetworkNamespace @namespace)
    {
        @namespace = null!;
        if (!_fileOnly.TryGetValue(name.Inode, out var entered) || entered.Id == 0 || entered.MadeNanoseconds != name.MadeNanoseconds
            || !_byId.TryGetValue(entered.Id, out var found))
        {
            return false;
        }

        found.Inode = name.Inode;
        @namespace = found;
        return true;
    }
}
