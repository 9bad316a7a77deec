using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Tallies;

/// <summary>
/// Remembers which server-side connections of one namespace were idle at a scan, to see at the next one who ended them: a
/// connection that was idle and is in TIME_WAIT here was closed by this side while idle, which is what a short keep-alive
/// looks like. Connections that never idle (probes, <c>Connection: close</c>) are not remembered, so they do not count.
/// </summary>
public sealed class IdleWatch
{
    /// <summary>How many connections are remembered.</summary>
    public const int MaxConnections = 2000;

    /// <summary>How many ports have a history before those that nobody listens at any more are forgotten.</summary>
    public const int MaxPorts = 512;

    private const uint MinimumIdleMilliseconds = 1000;

    /// <summary>TCP_TIMEWAIT_LEN, include/net/tcp.h: not configurable.</summary>
    private static readonly TimeSpan s_timeWaitLength = TimeSpan.FromSeconds(60);

    /// <summary>After this long a connection's TIME_WAIT may be over, so nobody can say any more who closed it.</summary>
    private static readonly TimeSpan s_longestGap = TimeSpan.FromSeconds(55);

    private readonly Dictionary<ushort, PortIdleHistory> _ports = [];
    private readonly Dictionary<ConnectionTuple, TcpSocket> _closing = [];
    private readonly HashSet<ConnectionTuple> _alive = [];
    private Dictionary<ConnectionTuple, uint> _previous = [];
    private Dictionary<ConnectionTuple, uint> _current = [];
    private TimeSpan? _previousAt;

    /// <summary>Monotonic time of the last dump; null before the first.</summary>
    public TimeSpan? CompletedAt => _previousAt;

    /// <summary>True once two scans could be compared.</summary>
    public bool HasTwoScans { get; private set; }

    /// <summary>Ports with a history.</summary>
    public int Ports => _ports.Count;

    /// <summary>What is known of a port; null when nothing is.</summary>
    public PortIdleHistory? Port(ushort port) => _ports.GetValueOrDefault(port);

    /// <summary>Starts a dump, or starts it over.</summary>
    public void Begin()
    {
        _current.Clear();
        _closing.Clear();
        _alive.Clear();
    }

    /// <summary>An established connection at a listening port.</summary>
    public void OnEstablished(in TcpSocket socket)
    {
        if (_previous.ContainsKey(socket.Tuple))
        {
            _alive.Add(socket.Tuple);
        }
    }

    /// <summary>One whose ages are known.</summary>
    public void OnIdle(in TcpSocket socket)
    {
        if (socket.IdleMilliseconds >= MinimumIdleMilliseconds && _current.Count < MaxConnections)
        {
            _current[socket.Tuple] = socket.IdleMilliseconds;
        }
    }

    /// <summary>A connection at a listening port that one side has closed: TIME_WAIT or half-closed.</summary>
    public void OnClosing(in TcpSocket socket)
    {
        if (_previous.ContainsKey(socket.Tuple))
        {
            _closing[socket.Tuple] = socket;
        }
    }

    /// <summary>Ends a dump: judges what became of the connections that were idle at the one before.</summary>
    /// <param name="now">Monotonic time at which the sockets were dumped.</param>
    /// <param name="ports">What was counted at the listening ports.</param>
    public void Complete(TimeSpan now, ReadOnlySpan<PortTally> ports)
    {
        foreach (ref readonly var port in ports)
        {
            Note(now, port);
        }

        if (_previousAt is { } previousAt)
        {
            HasTwoScans = true;
            foreach (var (tuple, idleMilliseconds) in _previous)
            {
                Judge(tuple, TimeSpan.FromMilliseconds(idleMilliseconds), now - previousAt);
            }
        }

        (_previous, _current) = (_current, _previous);
        _previousAt = now;
        ForgetPorts(ports);
    }

    /// <summary>Instead of a dump: nothing has happened since the last one, so every connection has been idle for so much longer.</summary>
    /// <param name="now">Monotonic time.</param>
    /// <param name="ports">The listening ports as they were, with the idle times of now.</param>
    public void Advance(TimeSpan now, ReadOnlySpan<PortTally> ports)
    {
        foreach (ref readonly var port in ports)
        {
            Note(now, port);
        }

        HasTwoScans |= _previousAt is not null;
        var longer = (now - (_previousAt ?? now)).TotalMilliseconds;
        Begin();
        foreach (var (tuple, idle) in _previous)
        {
            _current[tuple] = (uint)Math.Min(idle + longer, uint.MaxValue);
        }

        (_previous, _current) = (_current, _previous);
        _previousAt = now;
    }

    /// <summary>Instead of a dump that has to wait: who listens now. A server that was replaced is not to be missed meanwhile.</summary>
    /// <param name="now">Monotonic time.</param>
    /// <param name="ports">The listening ports, with the sockets of now.</param>
    public void NoteListeners(TimeSpan now, ReadOnlySpan<PortTally> ports)
    {
        foreach (ref readonly var port in ports)
        {
            History(port.Port).NoteListeners(now, port.Listeners);
        }
    }

    private void Note(TimeSpan now, in PortTally port)
    {
        var history = History(port.Port);
        history.NoteListeners(now, port.Listeners);
        history.AddSample(now, port.IdleSamples, TimeSpan.FromMilliseconds(port.LongestIdleMilliseconds));
    }

    private void ForgetPorts(ReadOnlySpan<PortTally> listening)
    {
        if (_ports.Count <= MaxPorts)
        {
            return;
        }

        var kept = new HashSet<ushort>(listening.Length);
        foreach (ref readonly var port in listening)
        {
            kept.Add(port.Port);
        }

        foreach (var port in _ports.Keys)
        {
            if (!kept.Contains(port))
            {
                _ports.Remove(port);
            }
        }
    }

    private void Judge(in ConnectionTuple tuple, TimeSpan idleBefore, TimeSpan elapsed)
    {
        if (_closing.TryGetValue(tuple, out var socket))
        {
            if (socket.State == TcpState.CloseWait)
            {
                History(tuple.SourcePort).AddCloseByPeer();
                return;
            }

            var sinceClose = s_timeWaitLength - TimeSpan.FromMilliseconds(socket.ExpiresMilliseconds);
            var isKnown = socket.State == TcpState.TimeWait && sinceClose >= TimeSpan.Zero && sinceClose <= elapsed;
            var idleAtClose = isKnown ? idleBefore + elapsed - sinceClose : (TimeSpan?)null;
            History(tuple.SourcePort).AddCloseByPod(idleAtClose);
        }
        else if (!_alive.Contains(tuple) && elapsed < s_longestGap)
        {
            // Gone without a trace here: the peer closed first and keeps the TIME_WAIT.
            History(tuple.SourcePort).AddCloseByPeer();
        }
    }

    private PortIdleHistory History(ushort port)
    {
        if (!_ports.TryGetValue(port, out var history))
        {
            _ports[port] = history = new PortIdleHistory();
        }

        return history;
    }
}
