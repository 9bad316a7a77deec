using System.Runtime.InteropServices;
using Agent.Core.Model;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Tallies;

/// <summary>
/// Counts the sockets of one network namespace while they stream by: by owner and state, at listening ports, and keeps the
/// half-closed ones. The kernel lists listeners before everything else of a family, so ports are known in time.
/// </summary>
public sealed partial class SocketTally
{
    /// <summary>How many established connections are kept to ask conntrack about.</summary>
    public const int EstablishedSampleSize = 8;

    private readonly short[] _portNumbers = new short[ushort.MaxValue + 1];
    private readonly List<PortTally> _ports = [];
    private readonly List<ConnectionTuple> _established = [];
    private readonly List<long> _states = [];
    private HalfClosedTable _halfClosed = new();
    private NamespaceTracking _network = new(isHost: false);
    private int _ownerIndex;
    private Func<ulong, int>? _ownerByCgroup;
    private HashSet<IpAddress> _addresses = [];
    private IdleWatch? _idle;

    /// <summary>Listening ports.</summary>
    public ReadOnlySpan<PortTally> Ports => CollectionsMarshal.AsSpan(_ports);

    /// <summary>Some established connections that leave the namespace.</summary>
    public IReadOnlyList<ConnectionTuple> EstablishedSample => _established;

    /// <summary>Is told of what this side closed first; null for nobody.</summary>
    public ITimeWaitSink? TimeWaits { get; set; }

    /// <summary>All sockets seen.</summary>
    public long Total { get; private set; }

    /// <summary>Prepares for the sockets of one namespace.</summary>
    /// <param name="network">The namespace.</param>
    /// <param name="ownerIndex">The owner of what belongs to nobody else there.</param>
    /// <param name="owners">How many owners there are in all.</param>
    /// <param name="ownerByCgroup">For the host's namespace, where cgroups tell owners apart: cgroup id to owner index.</param>
    /// <param name="addresses">The namespace's own addresses.</param>
    /// <param name="halfClosed">Where half-closed sockets go.</param>
    /// <param name="idle">Remembers idle connections from one scan to the next; null not to.</param>
    public void Begin(
        NamespaceTracking network,
        int ownerIndex,
        int owners,
        Func<ulong, int>? ownerByCgroup,
        HashSet<IpAddress> addresses,
        HalfClosedTable halfClosed,
        IdleWatch? idle)
    {
        _network = network;
        _ownerIndex = ownerIndex;
        _ownerByCgroup = ownerByCgroup;
        _addresses = addresses;
        _halfClosed = halfClosed;
        halfClosed.Open(network);
        _idle = idle;
        CollectionsMarshal.SetCount(_states, (ownerByCgroup is null ? 1 : owners) * TcpStateCounts.Length);
        Restart();
    }

    /// <summary>Sockets of an owner in a state.</summary>
    public long Count(int owner, TcpState state) => Row(owner)[(int)state];

    /// <summary>Sockets of an owner by state.</summary>
    public TcpStateCounts StatesOf(int owner) => new([.. Row(owner)]);

    /// <summary>Forgets everything: the dump starts over.</summary>
    public void Restart()
    {
        foreach (var port in _ports)
        {
            _portNumbers[port.Port] = 0;
        }

        _ports.Clear();
        _established.Clear();
        CollectionsMarshal.AsSpan(_states).Clear();
        _halfClosed.Restart();
        _idle?.Begin();
        Total = 0;
    }

    /// <summary>Forgets the half-closed sockets only.</summary>
    public void RestartHalfClosed()
    {
        _halfClosed.Restart();
        var states = CollectionsMarshal.AsSpan(_states);
        for (var row = 0; row < states.Length; row += TcpStateCounts.Length)
        {
            Total -= states[row + (int)TcpState.CloseWait] + states[row + (int)TcpState.FinWait1] + states[row + (int)TcpState.FinWait2];
            states[row + (int)TcpState.CloseWait] = states[row + (int)TcpState.FinWait1] = states[row + (int)TcpState.FinWait2] = 0;
        }
    }

    /// <summary>Forgets the idle times only.</summary>
    public void RestartIdle()
    {
        foreach (ref var port in CollectionsMarshal.AsSpan(_ports))
        {
            port.IdleSamples = 0;
            port.LongestIdleMilliseconds = 0;
        }
    }

    /// <summary>Counts one socket.</summary>
    public void Add(in TcpSocket socket)
    {
        Total++;
        var owner = OwnerOf(socket);
        Row(owner)[Math.Min((int)socket.State, TcpStateCounts.Length - 1)]++;
        switch (socket.State)
        {
            case TcpState.Listen:
                AddListener(socket, owner);
                break;
            case TcpState.Established:
                AddEstablished(socket);
                break;
            case TcpState.TimeWait:
                AddTimeWait(socket);
                break;
            case TcpState.CloseWait or TcpState.FinWait1 or TcpState.FinWait2:
                var isAccepted = _portNumbers[socket.Tuple.SourcePort] != 0;
                _halfClosed.Add(new HalfClosedSocket(socket, owner, _network, StaysInNamespace(socket.Tuple)) { IsAccepted = isAccepted });
                if (isAccepted)
                {
                    _idle?.OnClosing(socket);
                }

                if (socket is { State: TcpState.FinWait2, Inode: 0 })
                {
                    TimeWaits?.OnTimeWait(socket.Tuple);
                }

                break;
        }
    }

    /// <summary>Keeps the listening ports that matter most: those with a queue, then those with connections, then the lowest.</summary>
    /// <param name="max">How many.</param>
    /// <returns>How many are left out.</returns>
    public int KeepPorts(int max)
    {
        var cut = Math.Max(0, _ports.Count - max);
        if (cut > 0)
        {
            _ports.Sort(static (a, b) => (-a.Queued, -(a.Established + a.TimeWait), (int)a.Port)
                .CompareTo((-b.Queued, -(b.Established + b.TimeWait), (int)b.Port)));
            for (var i = 0; i < _ports.Count; i++)
            {
                _portNumbers[_ports[i].Port] = (short)(i < max ? i + 1 : 0);
            }

            _ports.RemoveRange(max, cut);
        }

        return cut;
    }

    /// <summary>
    /// Notes the idle time of an established connection at a listening port, unless a request on it waits for its answer.
    /// </summary>
    public void AddIdle(in TcpSocket socket)
    {
        var number = _portNumbers[socket.Tuple.SourcePort];
        if (number == 0 || !socket.Has(TcpSocketFields.Ages) || !socket.HasAnswered)
        {
            return;
        }

        ref var port = ref CollectionsMarshal.AsSpan(_ports)[number - 1];
        port.IdleSamples++;
        port.LongestIdleMilliseconds = Math.Max(port.LongestIdleMilliseconds, socket.IdleMilliseconds);
        _idle?.OnIdle(socket);
    }

    /// <summary>True when a connection of the namespace does not leave it.</summary>
    public bool StaysInNamespace(in ConnectionTuple tuple) =>
        tuple.Destination.IsLoopback || tuple.Destination == tuple.Source || _addresses.Contains(tuple.Destination);

    /// <summary>The sockets of an owner by state.</summary>
    private Span<long> Row(int owner) =>
        CollectionsMarshal.AsSpan(_states).Slice((_ownerByCgroup is null ? 0 : owner) * TcpStateCounts.Length, TcpStateCounts.Length);

    private int OwnerOf(in TcpSocket socket) =>
        _ownerByCgroup is not null && socket.Has(TcpSocketFields.CgroupId) ? _ownerByCgroup(socket.CgroupId) : _ownerIndex;

    private void AddListener(in TcpSocket socket, int owner)
    {
        ref var number = ref _portNumbers[socket.Tuple.SourcePort];
        if (number == 0)
        {
            if (_ports.Count == short.MaxValue)
            {
                return;
            }

            _ports.Add(new PortTally { Port = socket.Tuple.SourcePort, OwnerIndex = owner, Address = socket.Tuple.Source });
            number = (short)_ports.Count;
        }

        ref var port = ref CollectionsMarshal.AsSpan(_ports)[number - 1];
        port.Queued += socket.ReceiveQueue;
        port.Backlog += socket.SendQueue;
        port.Listeners.Add(socket.Inode);
    }

    private void AddEstablished(in TcpSocket socket)
    {
        if (_established.Count < EstablishedSampleSize && !StaysInNamespace(socket.Tuple))
        {
            _established.Add(socket.Tuple);
        }

        var number = _portNumbers[socket.Tuple.SourcePort];
        if (number == 0)
        {
            return;
        }

        CollectionsMarshal.AsSpan(_ports)[number - 1].Established++;
        _idle?.OnEstablished(socket);
        AddIdle(socket);
    }

    private void AddTimeWait(in TcpSocket socket)
    {
        TimeWaits?.OnTimeWait(socket.Tuple);
        var number = _portNumbers[socket.Tuple.SourcePort];
        if (number != 0)
        {
            CollectionsMarshal.AsSpan(_ports)[number - 1].TimeWait++;
            _idle?.OnClosing(socket);
        }
    }
}
