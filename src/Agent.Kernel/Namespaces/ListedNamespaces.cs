namespace Agent.Kernel.Namespaces;

/// <summary>
/// The network namespaces that the kernel lists (listns(2), Linux 6.19): also those that only a descriptor, a thread or a mount out of
/// reach keeps. Those that sockets alone keep are "inactive" and not in the list.
/// </summary>
/// <remarks>
/// Who may see all is for the kernel to say: CAP_SYS_ADMIN in the initial user namespace, and the machine's process ids. Others are shown
/// the namespace that they are in. Anybody who may make a user namespace can make namespaces: what is read is bounded, once a minute.
/// Source: kernel/nstree.c, fs/nsfs.c.
/// </remarks>
/// <param name="kernel">Lists them.</param>
internal sealed class ListedNamespaces(INamespaceListing kernel)
{
    /// <summary>Namespaces that are listed, the oldest.</summary>
    public const int MaxListed = 4096;

    private const int PageLength = 512;
    private static readonly TimeSpan s_period = TimeSpan.FromMinutes(1);

    private readonly ulong[] _page = new ulong[PageLength];
    private readonly List<ListedNamespace> _found = [];
    private Dictionary<ulong, ulong> _inodes = [];
    private TimeSpan? _lastPass;

    /// <summary>As of the last pass, in the order in which they were made.</summary>
    public IReadOnlyList<ListedNamespace> Found => _found;

    /// <summary>How much of the machine the last pass showed.</summary>
    public NamespaceListing Reach { get; private set; }

    /// <summary>Lists them when that is due.</summary>
    /// <param name="now">A reading of any monotonic clock, the same one each time.</param>
    /// <returns>True when it did.</returns>
    public bool Refresh(TimeSpan now)
    {
        if (_lastPass is { } last && (now - last < s_period || Reach == NamespaceListing.None))
        {
            return false;
        }

        _lastPass = now;
        _found.Clear();
        Reach = kernel.IsOfThisNode ? List() : NamespaceListing.None;
        var inodes = new Dictionary<ulong, ulong>(_found.Count);
        _found.ForEach(found => inodes.Add(found.Id, found.Inode));
        _inodes = inodes;
        return true;
    }

    private NamespaceListing List()
    {
        var listed = 0;
        for (var after = 0UL; listed < MaxListed;)
        {
            var count = kernel.List(after, _page, out var errno);
            if (errno is not (0 or ErrnoText.ENOENT))
            {
                // ENOSYS; EPERM of a filter of system calls.
                _found.Clear();
                return NamespaceListing.None;
            }

            Add(_page.AsSpan(0, count));
            listed += count;
            if (count < PageLength)
            {
                return listed > 1 ? NamespaceListing.All : NamespaceListing.Own;
            }

            after = _page[count - 1];
        }

        return NamespaceListing.Oldest;
    }

    private void Add(ReadOnlySpan<ulong> ids)
    {
        foreach (var id in ids)
        {
            var inode = _inodes.TryGetValue(id, out var known) ? known : kernel.InodeOf(id);
            if (inode != 0)
            {
                _found.Add(new(id, inode));
            }
        }
    }
}

/// <summary>A network namespace of the kernel's list.</summary>
/// <param name="Id">Its number while the machine runs, never another one's.</param>
/// <param name="Inode">Its inode, which is given again when it is gone.</param>
internal readonly record struct ListedNamespace(ulong Id, ulong Inode);

/// <summary>How much of the machine the kernel's list of network namespaces shows.</summary>
public enum NamespaceListing
{
    /// <summary>There is no list: before Linux 6.19, or the list of a machine around this one.</summary>
    None,

    /// <summary>The own namespace: CAP_SYS_ADMIN is missing, or there is no other.</summary>
    Own,

    /// <summary>As many as are looked at.</summary>
    Oldest,

    /// <summary>All that something other than a socket keeps.</summary>
    All,
}
