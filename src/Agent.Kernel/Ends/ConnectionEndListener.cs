using Agent.Kernel.Namespaces;
using Agent.Kernel.Netlink;
using Agent.Kernel.SockDiag;

namespace Agent.Kernel.Ends;

/// <summary>
/// Hears how every TCP connection of the machine ends: by one socket where CAP_NET_BROADCAST is there, otherwise by one socket in each
/// network namespace that it was attached in.
/// </summary>
/// <remarks>
/// One thread calls <see cref="Wait"/> and <see cref="Read"/>; any other thread may call the rest, and disposes of it when that one has
/// ended. With one socket the kernel tells of each message from which namespace it is by the number (nsid) that it has in the listener's.
/// A socket in a namespace costs the kernel some nanoseconds for every message of the machine, and keeps its namespace alive: it is closed
/// as soon as the processes that it was opened for are gone.
/// </remarks>
public sealed class ConnectionEndListener : IDisposable
{
    /// <summary>Room for messages that were not read yet, where the kernel grants it: 20,000 of them.</summary>
    public const int ReceiveBufferBytes = 8 * 1024 * 1024;

    /// <summary>Processes of a namespace that <see cref="Attach"/> looks at: more are not needed to know that there is one.</summary>
    public const int MaxProcesses = ConnectionEndSockets.MaxProcesses;

    private const ulong HostToken = 0;
    private const ulong ChangesToken = ulong.MaxValue - 1;

    private readonly Lock _gate = new();
    private readonly EpollSet _ready = new();
    private readonly NetlinkBatch _batch = new();
    private readonly int[] _namespaceIds = new int[NetlinkBatch.Length];
    private readonly ConnectionEndSocket _host;
    private readonly NamespaceTracker? _namespaces;
    private readonly ConnectionEndSockets _sockets;
    private ConnectionEndStatistics _statistics;
    private bool _isListening;

    private ConnectionEndListener(string procRoot, int receiveBufferBytes)
    {
        _sockets = new(procRoot, _ready);
        try
        {
            _host = ConnectionEndSocket.Open(receiveBufferBytes);
            _host.Join();
            _isListening = true;
            _namespaces = TryHearAll(_host.Netlink, out var refusal);
            AllNamespacesRefusal = refusal;
            _ready.Add(_host.Netlink, HostToken);
            if (_namespaces is not null)
            {
                _ready.Add(_namespaces.Changes, ChangesToken);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Why one socket does not hear all namespaces; null when it does.</summary>
    public KernelException? AllNamespacesRefusal { get; }

    /// <summary>True when one socket hears all namespaces that have a number.</summary>
    public bool HearsAllNamespaces => _namespaces is not null;

    /// <summary>True between <see cref="Join"/>, which opening includes, and <see cref="Leave"/>.</summary>
    public bool IsListening => Volatile.Read(ref _isListening);

    /// <summary>Room of the host's socket for messages that were not read yet, in bytes.</summary>
    public int GrantedBufferBytes => _host.ReceiveBufferBytes;

    /// <summary>Sockets open in namespaces other than the host's.</summary>
    public int NamespaceSocketCount => _sockets.Count;

    /// <summary>Begins to listen in the network namespace of the calling thread: the host's.</summary>
    /// <param name="procRoot">A mounted proc file system that shows the processes of the namespaces that will be attached.</param>
    /// <param name="receiveBufferBytes">Room for messages that were not read yet; the kernel grants twice as much at most.</param>
    /// <exception cref="KernelException">ENOENT or EINVAL: no tcp_diag in this kernel, or it is older than 4.2.</exception>
    public static ConnectionEndListener Open(string procRoot, int receiveBufferBytes = ReceiveBufferBytes) =>
        new(procRoot, receiveBufferBytes);

    /// <summary>Listens to the network namespace that the calling thread is in, if it did not already.</summary>
    /// <param name="tablesInode"><see cref="NetworkNamespace.Id"/> of it.</param>
    /// <param name="processIds">Some processes in it, see <see cref="NetworkNamespace.Processes"/>.</param>
    /// <returns>The <see cref="ConnectionEnd.NamespaceId"/> that its ends have.</returns>
    /// <exception cref="KernelException">EPERM: no number for it without CAP_NET_ADMIN. EMFILE: no socket in it.</exception>
    public int Attach(ulong tablesInode, ReadOnlySpan<int> processIds) =>
        _namespaces?.Hold(tablesInode) ?? _sockets.Attach(tablesInode, processIds, IsListening);

    /// <summary>True when a socket is open in the namespace; with one socket for all, always.</summary>
    /// <param name="tablesInode"><see cref="NetworkNamespace.Id"/> of it.</param>
    public bool IsAttached(ulong tablesInode) => HearsAllNamespaces || _sockets.Has(tablesInode);

    /// <summary>True while ends of a namespace may still come.</summary>
    public bool IsLive(int namespaceId) =>
        namespaceId == ConnectionEnd.HostNamespace || (_namespaces?.IsLive(namespaceId) ?? _sockets.IsOpen(namespaceId));

    /// <summary>Listens again, in every namespace that it is attached to.</summary>
    public void Join() => SetListening(true);

    /// <summary>Hears nothing until <see cref="Join"/>, and costs nothing.</summary>
    public void Leave() => SetListening(false);

    /// <summary>What was heard so far.</summary>
    public ConnectionEndStatistics ReadStatistics()
    {
        lock (_gate)
        {
            var missed = _statistics.Missed + _host.TakeMissed() + _sockets.TakeMissed();
            return _statistics = _statistics with { Missed = missed };
        }
    }

    /// <summary>Messages lost in one namespace; null where one socket hears all, and cannot tell whose they were.</summary>
    public long? MissedIn(int namespaceId) => HearsAllNamespaces ? null : _sockets.MissedIn(namespaceId);

    /// <summary>Waits until there is something to read, <see cref="Wake"/> is called, or the time is over.</summary>
    public void Wait(TimeSpan timeout)
    {
        Span<ulong> tokens = stackalloc ulong[1];
        _ = _ready.Wait(tokens, (int)timeout.TotalMilliseconds);
    }

    /// <summary>Ends a <see cref="Wait"/>.</summary>
    public void Wake() => _ready.Wake();

    /// <summary>Reads what is there, without waiting and without allocating.</summary>
    /// <param name="sink">Receives the ends.</param>
    /// <param name="maxMessages">Comes back after about so many, however many there are.</param>
    /// <returns>How many messages were read; less than <paramref name="maxMessages"/> when nothing is left.</returns>
    public long Read<TSink>(ref TSink sink, long maxMessages)
        where TSink : IConnectionEndSink, allows ref struct
    {
        var messages = _namespaces is null
            ? ReadSocket(_host, ConnectionEnd.HostNamespace, ref sink, maxMessages)
            : ReadNumbered(_namespaces, ref sink, maxMessages);
        if (_sockets.Count > 0 && messages < maxMessages)
        {
            messages += ReadSockets(ref sink, maxMessages - messages);
        }

        return messages;
    }

    /// <summary>
    /// Closes the sockets in namespaces that have none of their processes left. Call it about once a second on the reading thread.
    /// </summary>
    public void CloseAbandoned<TSink>(ref TSink sink)
        where TSink : IConnectionEndSink, allows ref struct
    {
        foreach (var (id, socket) in _sockets.TakeAbandoned())
        {
            _ = ReadSocket(socket, id, ref sink, long.MaxValue);
            _sockets.Close(id);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sockets.Dispose();
        _namespaces?.Dispose();
        _host?.Dispose();
        _ready.Dispose();
        _batch.Dispose();
    }

    private static NamespaceTracker? TryHearAll(NetlinkSocket socket, out KernelException? refusal)
    {
        NamespaceTracker? namespaces = null;
        try
        {
            // Before the first message with a number can come, changes of numbers are heard.
            namespaces = new NamespaceTracker();
            socket.ListenToAllNamespaces();
            refusal = null;
            return namespaces;
        }
        catch (KernelException exception)
        {
            namespaces?.Dispose();
            refusal = exception.IsDenied
                ? new(exception.Operation, exception.Errno, Privileges.WhyDenied(exception.Errno, Capability.NetBroadcast))
                : exception;
            return null;
        }
    }

    private void SetListening(bool value)
    {
        lock (_gate)
        {
            if (value)
            {
                _host.Join();
            }
            else
            {
                _host.Leave();
            }

            _sockets.SetListening(value);
            Volatile.Write(ref _isListening, value);
        }
    }

    private long ReadNumbered<TSink>(NamespaceTracker namespaces, ref TSink sink, long maxMessages)
        where TSink : IConnectionEndSink, allows ref struct
    {
        namespaces.Update();
        var messages = 0L;
        while (messages < maxMessages)
        {
            var received = _host.Receive(_batch);
            namespaces.Resolve(_batch, received, _namespaceIds, ConnectionEnd.HostNamespace);
            Deliver(received, ref sink);
            messages += received;
            if (received == 0)
            {
                break;
            }
        }

        return messages;
    }

    private long ReadSockets<TSink>(ref TSink sink, long maxMessages)
        where TSink : IConnectionEndSink, allows ref struct
    {
        Span<ulong> tokens = stackalloc ulong[NetlinkBatch.Length];
        var messages = 0L;
        while (messages < maxMessages)
        {
            var before = messages;
            foreach (var token in tokens[.._ready.Wait(tokens, 0)])
            {
                if (_sockets.Find((int)token) is { } socket)
                {
                    messages += ReadSocket(socket, (int)token, ref sink, NetlinkBatch.Length * 16L);
                }
            }

            if (messages == before)
            {
                break;
            }
        }

        return messages;
    }

    private long ReadSocket<TSink>(ConnectionEndSocket socket, int namespaceId, ref TSink sink, long maxMessages)
        where TSink : IConnectionEndSink, allows ref struct
    {
        var messages = 0L;
        while (messages < maxMessages)
        {
            var received = socket.Receive(_batch);
            if (received == 0)
            {
                break;
            }

            _namespaceIds.AsSpan(0, received).Fill(namespaceId);
            Deliver(received, ref sink);
            messages += received;
        }

        return messages;
    }

    private void Deliver<TSink>(int received, ref TSink sink)
        where TSink : IConnectionEndSink, allows ref struct
    {
        int ends = 0, neverConnected = 0, malformed = 0;
        for (var i = 0; i < received; i++)
        {
            var reader = new ConnectionEndReader(_batch.Datagram(i), _namespaceIds[i]);
            while (reader.MoveNext())
            {
                ends++;
                sink.OnEnd(in reader.Current);
            }

            neverConnected += reader.NeverConnected;
            malformed += reader.Malformed;
        }

        lock (_gate)
        {
            _statistics = new(
                _statistics.Messages + received,
                _statistics.Ends + ends,
                _statistics.NeverConnected + neverConnected,
                _statistics.Malformed + malformed,
                _statistics.Missed);
        }
    }
}
