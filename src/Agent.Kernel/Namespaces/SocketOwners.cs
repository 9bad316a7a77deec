using System.Buffers.Text;
using Agent.Kernel.ProcFs;
using Microsoft.Win32.SafeHandles;

namespace Agent.Kernel.Namespaces;

/// <summary>
/// Finds the processes that hold sockets, by their inodes, in /proc/PID/fd. That is costly, so it
/// is meant for a few sockets (the half-closed ones), is bounded, and remembers what it found.
/// Needs the right to trace other users' processes (CAP_SYS_PTRACE). Not thread-safe.
/// </summary>
public sealed class SocketOwners : IDisposable
{
    // About 40 ms.
    private const int MaxDescriptorsPerScan = 40_000;
    private const int ScansBetweenSearches = 8;

    private readonly DirectoryHandle _root;
    private readonly DirectoryReader _listing = new();
    private readonly Dictionary<ulong, Entry> _entries = [];
    private readonly HashSet<ulong> _wanted = [];
    private long _scan;
    private int _descriptorsLeft;

    /// <summary>Opens the proc file system.</summary>
    /// <exception cref="KernelException">There is no such directory, or it may not be read.</exception>
    public SocketOwners(string procRoot) => _root = DirectoryHandle.Open(procRoot);

    /// <summary>Processes of this scan whose descriptors may not be looked at.</summary>
    public int Denied { get; private set; }

    /// <summary>True when this scan ended before every process was looked at; the next one goes on.</summary>
    public bool IsExhausted => _descriptorsLeft <= 0;

    /// <summary>Starts a scan: forgets sockets that the one before did not ask for.</summary>
    public void BeginScan()
    {
        foreach (var (inode, entry) in _entries)
        {
            if (entry.Asked < _scan)
            {
                _entries.Remove(inode);
            }
        }

        _scan++;
        _descriptorsLeft = MaxDescriptorsPerScan;
        Denied = 0;
    }

    /// <summary>Looks for the holders of sockets, of those that are not known from earlier scans.</summary>
    /// <param name="inodes">Inodes of sockets of one namespace; 0 is passed over.</param>
    /// <param name="candidates">The processes of that namespace.</param>
    public void Search(IEnumerable<ulong> inodes, IReadOnlyList<NamespaceProcess> candidates)
    {
        ArgumentNullException.ThrowIfNull(inodes);
        ArgumentNullException.ThrowIfNull(candidates);
        _wanted.Clear();
        foreach (var inode in inodes)
        {
            if (inode != 0 && !IsSettled(inode))
            {
                _wanted.Add(inode);
            }
        }

        for (var i = 0; i < candidates.Count && _wanted.Count > 0 && !IsExhausted; i++)
        {
            SearchProcess(candidates[i]);
        }

        foreach (var inode in IsExhausted ? [] : _wanted)
        {
            _entries[inode] = new(null, _scan, _scan);
        }
    }

    /// <summary>The process that holds a socket, as <see cref="Search"/> found it; null when none did.</summary>
    public NamespaceProcess? Find(ulong inode) =>
        _entries.TryGetValue(inode, out var entry) && entry.Holder is { Standing: ProcessStanding.Member } holder ? holder : null;

    /// <inheritdoc/>
    public void Dispose() => _root.Dispose();

    private bool IsSettled(ulong inode)
    {
        if (!_entries.TryGetValue(inode, out var entry))
        {
            return false;
        }

        _entries[inode] = entry with { Asked = _scan };
        return entry.Holder is null ? _scan - entry.Searched < ScansBetweenSearches : entry.Holder.Standing == ProcessStanding.Member;
    }

    private void SearchProcess(NamespaceProcess process)
    {
        using var directory = _root.Open(process.Pid, "fd"u8, out var errno);
        var isDenied = directory is null ? errno is ErrnoText.EACCES or ErrnoText.EPERM : !SearchDescriptors(process, directory);
        Denied += isDenied ? 1 : 0;
    }

    /// <returns>False when a descriptor may not be looked at.</returns>
    private bool SearchDescriptors(NamespaceProcess process, SafeFileHandle directory)
    {
        var isDenied = false;
        Span<byte> link = stackalloc byte[32];
        _listing.Start(directory);
        while (_wanted.Count > 0 && _descriptorsLeft > 0 && _listing.MoveNext())
        {
            if (_listing.Name[0] == '.')
            {
                continue;
            }

            _descriptorsLeft--;
            var errno = DirectoryHandle.ReadLink(directory, _listing.TerminatedName, link, out var length);
            isDenied |= errno is ErrnoText.EACCES or ErrnoText.EPERM;
            if (errno == 0 && TryParse(link[..length], out var inode) && _wanted.Remove(inode))
            {
                _entries[inode] = new(process, _scan, _scan);
            }
        }

        return !isDenied;
    }

    /// <summary>Reads <c>socket:[12345]</c>, proc_pid_fd(5).</summary>
    internal static bool TryParse(ReadOnlySpan<byte> link, out ulong inode)
    {
        inode = 0;
        return link.StartsWith("socket:["u8) && Utf8Parser.TryParse(link["socket:[".Length..], out inode, out var consumed)
            && link["socket:[".Length..][consumed..].SequenceEqual("]"u8);
    }

    /// <param name="Holder">Null when a search found none.</param>
    /// <param name="Searched">The scan of that search.</param>
    /// <param name="Asked">The last scan that asked.</param>
    private readonly record struct Entry(NamespaceProcess? Holder, long Searched, long Asked);
}
