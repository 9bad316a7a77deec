using System.Text;
using Agent.Kernel.ProcFs;
using static Agent.Kernel.Interop.DirectoryConstants;

namespace Agent.Kernel.Namespaces;

/// <summary>
/// Names the owner of a cgroup by its id, which sock_diag shows for each socket (INET_DIAG_CGROUP_ID) and which is the inode of its
/// directory in the cgroup v2 file system. Tells the sockets of hostNetwork pods apart without looking at any process. Not thread-safe.
/// </summary>
/// <remarks>
/// The directories are walked, rather than the paths in /proc/PID/cgroup looked up: those are relative to the reader's cgroup namespace,
/// which in a container leaves out the upper levels. A walk happens only when an id is unknown, at most once a scan; ids are never
/// used twice, so one that a walk did not find belongs to a cgroup that is gone.
/// </remarks>
public sealed class CgroupInodes
{
    private const int MaxDirectories = 65_536;
    private const int MaxGone = 65_536;

    private readonly string? _root;
    private readonly CgroupClassification _classify;
    private readonly DirectoryReader _listing = new();
    private readonly Dictionary<ulong, CgroupOwner> _owners = [];
    private readonly HashSet<ulong> _gone = [];
    private bool _mayWalk;

    /// <summary>Looks where the cgroup v2 file system is: at the root, or below it in <c>unified</c> beside v1 hierarchies.</summary>
    /// <param name="cgroupRoot">Mostly /sys/fs/cgroup.</param>
    /// <param name="classify">Names the owner from the text <c>0::PATH</c>.</param>
    public CgroupInodes(string cgroupRoot, CgroupClassification classify)
    {
        ArgumentNullException.ThrowIfNull(cgroupRoot);
        _classify = classify;
        string[] candidates = [cgroupRoot.TrimEnd('/'), $"{cgroupRoot.TrimEnd('/')}/unified"];
        _root = Array.Find(candidates, IsCgroup2);
    }

    /// <summary>False where there is no cgroup v2: then every socket has the same id, which says nothing.</summary>
    public bool IsAvailable => _root is not null;

    /// <summary>Every cgroup as of the last walk, by its id.</summary>
    public IReadOnlyDictionary<ulong, CgroupOwner> Owners => _owners;

    /// <summary>Starts a scan: one walk is allowed.</summary>
    public void BeginScan() => _mayWalk = true;

    /// <summary>The owner of a cgroup; null when it is gone or unknown.</summary>
    /// <exception cref="KernelException">A directory may not be read.</exception>
    public CgroupOwner? Find(ulong cgroupId)
    {
        if (_owners.TryGetValue(cgroupId, out var owner))
        {
            return owner;
        }

        if (_root is null || !_mayWalk || _gone.Contains(cgroupId))
        {
            return null;
        }

        _mayWalk = false;
        Walk(_root);
        if (_owners.TryGetValue(cgroupId, out owner))
        {
            return owner;
        }

        if (_gone.Count >= MaxGone)
        {
            _gone.Clear();
        }

        _gone.Add(cgroupId);
        return null;
    }

    private static bool IsCgroup2(string path)
    {
        try
        {
            using var directory = DirectoryHandle.Open(path);
            return directory.IsOn(CGROUP2_SUPER_MAGIC);
        }
        catch (KernelException exception) when (exception.IsGone || exception.IsDenied)
        {
            return false;
        }
    }

    private void Walk(string root)
    {
        _owners.Clear();
        var left = new Stack<string>();
        left.Push("");
        AddRoot(root);
        while (left.TryPop(out var path) && _owners.Count < MaxDirectories)
        {
            using var directory = DirectoryHandle.TryOpen($"{root}{path}");
            if (directory is null)
            {
                continue;
            }

            _listing.Start(directory.Handle);
            while (_listing.MoveNext())
            {
                if (_listing.Type == DT_DIR && _listing.Name[0] != '.')
                {
                    var child = $"{path}/{Encoding.UTF8.GetString(_listing.Name)}";
                    _owners[_listing.Inode] = _classify(Encoding.UTF8.GetBytes($"0::{child}\n"));
                    left.Push(child);
                }
            }
        }
    }

    private void AddRoot(string root)
    {
        using var directory = DirectoryHandle.TryOpen(root);
        if (directory is not null && directory.Stat("\0"u8, out var status) == 0)
        {
            _owners[status.Inode] = CgroupOwner.None;
        }
    }
}
