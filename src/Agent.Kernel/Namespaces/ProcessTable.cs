using System.Buffers.Text;
using Agent.Kernel.ProcFs;

namespace Agent.Kernel.Namespaces;

/// <summary>
/// The processes of the node by network namespace. Incremental: a scan lists /proc and reads only what is new, so one that finds nothing
/// new costs the listing and one system call a namespace. Not thread-safe.
/// </summary>
/// <remarks>
/// A container runtime forks in the host's namespaces and moves later, so a young process is looked at again, and of the others a small
/// part at each scan. A process that moved without being noticed is put right within five minutes; a namespace's representative at once.
/// Numbers of namespaces and processes are given again at once: an object stands for the same namespace as before only while a process of
/// it is still there.
/// </remarks>
public sealed class ProcessTable : IDisposable
{
    private const int MaxReexaminedPerScan = 256;
    private const ulong YouthTicks = 1000; // ten seconds in hundredths
    private static readonly TimeSpan s_youth = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_round = TimeSpan.FromMinutes(5);

    private readonly string _procRoot;
    private readonly DirectoryHandle _root;
    private readonly DirectoryReader _listing = new();
    private readonly ProcessReader _reader;
    private readonly NamespaceSet _namespaces;
    private readonly MountedNamespaces _mounts;
    private readonly string? _hidePid;
    private readonly Dictionary<int, NamespaceProcess> _processes = [];
    private readonly List<NamespaceProcess> _order = [];
    private readonly List<NamespaceProcess> _young = [];
    private readonly List<NamespaceProcess> _newcomers = [];
    private readonly int[] _counts = new int[(int)ProcessStanding.Gone + 1];
    private long _scan;
    private int _cursor;
    private int _examined;
    private ulong _newestStart;
    private TimeSpan _lastRefresh;

    /// <summary>Opens the proc file system; nothing is read yet.</summary>
    /// <param name="options">Where to look.</param>
    /// <param name="classify">Whom a process belongs to, from its cgroups.</param>
    /// <exception cref="KernelException">There is no such directory, or it may not be read.</exception>
    public ProcessTable(ProcessTableOptions options, CgroupClassification classify)
    {
        ArgumentNullException.ThrowIfNull(options);
        _procRoot = options.ProcRoot;
        IsLive = ProcMount.IsLive(_procRoot);
        _hidePid = IsLive ? HidePid.Read(_procRoot) : null;
        _root = DirectoryHandle.Open(_procRoot);
        TablesOf = IsLive ? null : NetLink(_root);
        _reader = new(_root, classify, IsLive ? new LiveNamespaceIdentity() : new CapturedNamespaceIdentity());
        _mounts = new(_root, options.Mounts);
        _namespaces = new(_root, _procRoot, IsLive, new(IsLive ? options.NameDirectories : []), _mounts);
    }

    /// <summary>False for a captured tree.</summary>
    public bool IsLive { get; }

    /// <summary>The process that the link <c>net</c> of a captured tree leads to; null without such a link, and on a live kernel.</summary>
    public int? TablesOf { get; }

    /// <summary>Every network namespace with a process, a name or a mount, or listed by the kernel, as of the last scan.</summary>
    public IReadOnlyList<NetworkNamespace> Namespaces => _namespaces.All;

    /// <summary>The namespace of process 1; null when it may not be looked at.</summary>
    public NetworkNamespace? Host => _namespaces.Host;

    /// <summary>What the table holds and what the last scan did.</summary>
    public ProcessTableStatistics Statistics { get; private set; }

    /// <summary>Every process, in no order; also those that may not be looked at further.</summary>
    public IReadOnlyCollection<NamespaceProcess> Processes => _order;

    /// <summary>A process by its id; null when there is none.</summary>
    public NamespaceProcess? Find(int pid) => _processes.GetValueOrDefault(pid);

    /// <summary>Brings the table up to date.</summary>
    /// <param name="now">A reading of any monotonic clock, the same one each time.</param>
    /// <exception cref="KernelException">/proc or /run/netns cannot be listed; the table stays as far as it came.</exception>
    public void Refresh(TimeSpan now)
    {
        _scan++;
        _examined = 0;
        List(now);
        RemoveUnseen();
        _namespaces.ForgetEmpty();
        _newcomers.ForEach(Add);
        ReexamineYoung(now);
        ReexamineSlice(_scan == 1 ? TimeSpan.Zero : now - _lastRefresh);
        VerifyRepresentatives();
        _namespaces.Publish(_processes.GetValueOrDefault(1)?.Namespace, _order, now);
        _lastRefresh = now;
        Statistics = new()
        {
            Members = _counts[(int)ProcessStanding.Member],
            KernelThreads = _counts[(int)ProcessStanding.KernelThread],
            WithoutNamespace = _counts[(int)ProcessStanding.WithoutNamespace],
            Denied = _counts[(int)ProcessStanding.Denied],
            Appeared = _newcomers.Count,
            Examined = _examined,
            HidePid = _hidePid,
            Mounts = _mounts.Statistics with { OutOfReach = _namespaces.OutOfReach },
            Listing = _namespaces.Listing,
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _root.Dispose();

    /// <summary>Reads <c>PID/net</c>.</summary>
    private static int? NetLink(DirectoryHandle root)
    {
        Span<byte> link = stackalloc byte[32];
        return DirectoryHandle.ReadLink(root.Handle, "net\0"u8, link, out var length) == 0
            && Utf8Parser.TryParse(link[..length], out int pid, out var consumed)
            && link[consumed..length].SequenceEqual("/net"u8)
                ? pid
                : null;
    }

    private void List(TimeSpan now)
    {
        _newcomers.Clear();
        using var directory = _root.Open(".\0"u8, out var errno) ?? throw new KernelException($"open({_procRoot})", errno);
        _listing.Start(directory);
        while (_listing.MoveNext())
        {
            var name = _listing.Name;
            if (!Utf8Parser.TryParse(name, out int pid, out var consumed) || consumed != name.Length || pid <= 0)
            {
                continue;
            }

            if (_processes.TryGetValue(pid, out var known))
            {
                if (known.DirectoryInode == _listing.Inode)
                {
                    known.LastScan = _scan;
                    continue;
                }

                Remove(known);
            }

            _newcomers.Add(new(pid, _listing.Inode, now) { LastScan = _scan });
        }
    }

    private void Add(NamespaceProcess process)
    {
        _processes.Add(process.Pid, process);
        process.TableIndex = _order.Count;
        _order.Add(process);
        _counts[(int)process.Standing]++;
        Examine(process);
        if (process.Standing is not (ProcessStanding.Gone or ProcessStanding.KernelThread))
        {
            _young.Add(process);
        }
    }

    private void Remove(NamespaceProcess process)
    {
        process.Namespace?.Remove(process);
        _counts[(int)process.Standing]--;
        process.Standing = ProcessStanding.Gone;
        _processes.Remove(process.Pid);
        var last = _order[^1];
        _order[process.TableIndex] = last;
        last.TableIndex = process.TableIndex;
        _order.RemoveAt(_order.Count - 1);
    }

    private void RemoveUnseen()
    {
        for (var i = _order.Count - 1; i >= 0; i--)
        {
            if (_order[i].LastScan != _scan)
            {
                Remove(_order[i]);
            }
        }
    }

    private void Examine(NamespaceProcess process)
    {
        _examined++;
        process.Examinations++;
        var owner = process.Owner;
        var standing = _reader.Read(process, out var id);
        if (standing == ProcessStanding.Gone)
        {
            Remove(process);
            return;
        }

        _counts[(int)process.Standing]--;
        _counts[(int)standing]++;
        process.Standing = standing;
        _newestStart = Math.Max(_newestStart, process.StartTicks);
        if (process.Namespace?.Id != id)
        {
            process.Namespace?.Remove(process);
            if (standing == ProcessStanding.Member)
            {
                _namespaces.GetOrAdd(id).Add(process, _scan);
            }
        }
        else if (!owner.Equals(process.Owner))
        {
            process.Namespace.OwnerChanged();
        }
    }

    private void ReexamineYoung(TimeSpan now)
    {
        for (var i = _young.Count - 1; i >= 0; i--)
        {
            var process = _young[i];
            if (process.Standing != ProcessStanding.Gone && process.FirstSeen != now && !IsOld(process))
            {
                Examine(process);
            }

            if (process.Standing == ProcessStanding.Gone || IsOld(process)
                || (process.Examinations >= 2 && now - process.FirstSeen >= s_youth))
            {
                _young[i] = _young[^1];
                _young.RemoveAt(_young.Count - 1);
            }
        }
    }

    // Something else started ten seconds after it, so it is at least that old, whatever the time is.
    private bool IsOld(NamespaceProcess process) =>
        process.Standing == ProcessStanding.Member && process.StartTicks + YouthTicks < _newestStart;

    private void ReexamineSlice(TimeSpan elapsed)
    {
        var share = Math.Clamp(elapsed / s_round, 0, 1);
        var count = Math.Min((int)Math.Ceiling(_order.Count * share), MaxReexaminedPerScan);
        for (; count > 0 && _order.Count > 0; count--)
        {
            _cursor = (_cursor + 1) % _order.Count;
            if (_order[_cursor].Standing != ProcessStanding.KernelThread)
            {
                Examine(_order[_cursor]);
            }
        }
    }

    private void VerifyRepresentatives()
    {
        foreach (var @namespace in _namespaces.WithProcesses)
        {
            while (!_namespaces.HasRepresentative(@namespace) && @namespace.Oldest is { } candidate)
            {
                if (_namespaces.IsMember(candidate))
                {
                    _namespaces.SetRepresentative(@namespace, candidate);
                    break;
                }

                // It ended or moved since it was looked at.
                Examine(candidate);
            }

            if (@namespace.Instance != 0 && @namespace.Representative is not null && !HasStayed(@namespace))
            {
                _namespaces.Renew(@namespace, _scan);
            }
        }
    }

    /// <summary>
    /// True when a process that was in the namespace at the scan before is in it now: then it has lived all the time, and whoever has
    /// its number now is in the same one.
    /// </summary>
    private bool HasStayed(NetworkNamespace @namespace)
    {
        if (@namespace.Representative!.MemberSince < _scan)
        {
            return true;
        }

        foreach (var process in @namespace.Processes.Where(process => process.MemberSince < _scan).ToArray())
        {
            if (_namespaces.IsMember(process))
            {
                return true;
            }

            Examine(process);
        }

        return false;
    }
}
