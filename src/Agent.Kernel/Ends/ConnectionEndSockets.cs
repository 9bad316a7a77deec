using Agent.Kernel.Netlink;
using Agent.Kernel.ProcFs;

namespace Agent.Kernel.Ends;

/// <summary>
/// The sockets of a <see cref="ConnectionEndListener"/> that are open in namespaces, one in each. Any thread may use it; one closes.
/// </summary>
internal sealed class ConnectionEndSockets(string procRoot, EpollSet ready) : IDisposable
{
    // Messages wait in the kernel's memory: however many namespaces there are, so much of it together.
    private const int MaxBufferBytes = 64 * 1024 * 1024;
    private const int MinBufferBytes = 256 * 1024;

    public const int MaxProcesses = 16;

    // Ends that come after the last process: what the kernel still had to send, and to be told that it arrived.
    private const int ChecksBeforeClosing = 2;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, Entry> _byId = [];
    private readonly Dictionary<ulong, int> _ids = [];
    private readonly DirectoryHandle _root = DirectoryHandle.Open(procRoot);
    private long _missedByClosed;
    private int _lastId;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _byId.Count;
            }
        }
    }

    /// <summary>Opens a socket in the namespace of the calling thread, if there is none yet.</summary>
    public int Attach(ulong tablesInode, ReadOnlySpan<int> processIds, bool isListening)
    {
        lock (_gate)
        {
            if (_ids.TryGetValue(tablesInode, out var known))
            {
                _byId[known].Watch(processIds);
                return known;
            }

            var entry = Open(tablesInode, ++_lastId, isListening);
            entry.Watch(processIds);
            _ids.Add(tablesInode, _lastId);
            _byId.Add(_lastId, entry);
            return _lastId;
        }
    }

    public bool Has(ulong tablesInode)
    {
        lock (_gate)
        {
            return _ids.ContainsKey(tablesInode);
        }
    }

    public bool IsOpen(int id)
    {
        lock (_gate)
        {
            return _byId.ContainsKey(id);
        }
    }

    public ConnectionEndSocket? Find(int id)
    {
        lock (_gate)
        {
            return _byId.TryGetValue(id, out var entry) ? entry.Socket : null;
        }
    }

    public void SetListening(bool value)
    {
        lock (_gate)
        {
            foreach (var entry in _byId.Values)
            {
                if (value)
                {
                    entry.Socket.Join();
                }
                else
                {
                    entry.Socket.Leave();
                }
            }
        }
    }

    /// <summary>Messages lost since the last call.</summary>
    public long TakeMissed()
    {
        lock (_gate)
        {
            var missed = _missedByClosed;
            _missedByClosed = 0;
            foreach (var entry in _byId.Values)
            {
                missed += entry.CountMissed();
            }

            return missed;
        }
    }

    /// <summary>Messages lost in one namespace up to the last <see cref="TakeMissed"/>.</summary>
    public long? MissedIn(int id)
    {
        lock (_gate)
        {
            return _byId.TryGetValue(id, out var entry) ? entry.Missed : null;
        }
    }

    /// <summary>The sockets whose namespaces have had none of their processes left for some calls.</summary>
    public List<(int Id, ConnectionEndSocket Socket)> TakeAbandoned()
    {
        var abandoned = new List<(int, ConnectionEndSocket)>();
        lock (_gate)
        {
            foreach (var (id, entry) in _byId)
            {
                entry.ChecksWithoutProcess = entry.HasProcess(_root) ? 0 : entry.ChecksWithoutProcess + 1;
                if (entry.ChecksWithoutProcess >= ChecksBeforeClosing)
                {
                    abandoned.Add((id, entry.Socket));
                }
            }
        }

        return abandoned;
    }

    public void Close(int id)
    {
        lock (_gate)
        {
            if (_byId.Remove(id, out var entry))
            {
                _ids.Remove(entry.TablesInode);
                _missedByClosed += entry.CountMissed();
                ready.Remove(entry.Socket.Netlink);
                entry.Dispose();
            }
        }
    }

    public void Dispose()
    {
        foreach (var entry in _byId.Values)
        {
            entry.Dispose();
        }

        _byId.Clear();
        _root.Dispose();
    }

    private Entry Open(ulong tablesInode, int id, bool isListening)
    {
        var entry = new Entry(tablesInode, Math.Max(MinBufferBytes, MaxBufferBytes / (_byId.Count + 1)));
        try
        {
            if (isListening)
            {
                entry.Socket.Join();
            }

            ready.Add(entry.Socket.Netlink, (ulong)id);
            return entry;
        }
        catch
        {
            entry.Dispose();
            throw;
        }
    }

    /// <summary>One namespace.</summary>
    /// <param name="tablesInode">The inode of its processes' net/tcp, which is nobody else's while the socket is open.</param>
    /// <param name="receiveBufferBytes">Room in its socket, which is opened in the calling thread's namespace.</param>
    private sealed class Entry(ulong tablesInode, int receiveBufferBytes) : IDisposable
    {
        private int[] _processIds = [];

        public ulong TablesInode { get; } = tablesInode;

        public ConnectionEndSocket Socket { get; } = ConnectionEndSocket.Open(receiveBufferBytes);

        public int ChecksWithoutProcess { get; set; }

        public long Missed { get; private set; }

        public long CountMissed()
        {
            var missed = Socket.TakeMissed();
            Missed += missed;
            return missed;
        }

        public void Watch(ReadOnlySpan<int> processIds)
        {
            var some = processIds[..Math.Min(processIds.Length, MaxProcesses)];
            if (!some.SequenceEqual(_processIds))
            {
                _processIds = some.ToArray();
            }

            ChecksWithoutProcess = 0;
        }

        public bool HasProcess(DirectoryHandle root)
        {
            foreach (var pid in _processIds)
            {
                if (root.Stat(pid, "net/tcp"u8, out var status) == 0 && status.Inode == TablesInode)
                {
                    return true;
                }
            }

            return false;
        }

        public void Dispose() => Socket.Dispose();
    }
}
