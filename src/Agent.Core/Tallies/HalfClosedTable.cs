using System.Numerics;
using System.Runtime.InteropServices;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;

namespace Agent.Core.Tallies;

/// <summary>
/// The half-closed sockets of a scan, found by their tuple. An entry belongs to a socket when one of its two tuples is the
/// socket's view of the connection outside its namespace (source = local end): the original one for the side that opened, the
/// reply one for the side that accepted, whatever NAT the node does between them.
/// </summary>
public sealed class HalfClosedTable
{
    private readonly List<HalfClosedSocket> _sockets = [];
    private int[] _heads = [];
    private int[] _next = [];

    /// <summary>Sockets in the table.</summary>
    public int Count => _sockets.Count;

    /// <summary>The sockets, to be read and completed in place.</summary>
    public Span<HalfClosedSocket> Sockets => CollectionsMarshal.AsSpan(_sockets);

    /// <summary>Adds a socket; call <see cref="BuildIndex"/> before the first match.</summary>
    public void Add(in HalfClosedSocket socket) => _sockets.Add(socket);

    /// <summary>Removes the sockets from a position on: a dump that starts over.</summary>
    public void Truncate(int count) => _sockets.RemoveRange(count, _sockets.Count - count);

    /// <summary>Indexes what was added.</summary>
    public void BuildIndex()
    {
        var size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, _sockets.Count * 2));
        _heads = new int[size];
        _next = new int[_sockets.Count];
        var sockets = Sockets;
        for (var i = 0; i < sockets.Length; i++)
        {
            var bucket = Hash(sockets[i].Outside) & (size - 1);
            _next[i] = _heads[bucket];
            _heads[bucket] = i + 1;
        }
    }

    /// <summary>Forgets what a dump that starts over has matched.</summary>
    public void ResetHostMatches()
    {
        foreach (ref var socket in Sockets)
        {
            socket.ForgetHostEntry();
        }
    }

    /// <summary>Notes that the node's table was dumped after these sockets were seen: who has no match now has no entry.</summary>
    public void SetHostEntriesMissing()
    {
        foreach (ref var socket in Sockets)
        {
            socket.SetHostEntryMissing();
        }
    }

    /// <summary>Notes an entry of the node's table at the sockets that it belongs to.</summary>
    /// <returns>Positions of the initiator's and the responder's socket; -1 where there is none.</returns>
    public (int Initiator, int Responder) MatchHost(in ConntrackFlow flow) =>
        _sockets.Count == 0 || flow.Protocol != 6 ? (-1, -1) : (Match(flow, flow.Original, true), Match(flow, flow.Reply, false));

    /// <summary>Finds the half-closed socket at the other end of a connection, whatever NAT the node does between them.</summary>
    /// <returns>Its position; -1 when it is not on this node, or not half-closed.</returns>
    public int FindOtherEnd(in HalfClosedSocket socket)
    {
        if (_heads.Length == 0)
        {
            return -1;
        }

        var view = socket.Host.Found ? socket.Host.OtherEnd : socket.Outside.Reversed;
        var sockets = Sockets;
        for (var next = _heads[Hash(view) & (_heads.Length - 1)]; next != 0; next = _next[next - 1])
        {
            ref readonly var other = ref sockets[next - 1];
            if (other.Outside == view && (!(socket.IsPrivate || other.IsPrivate) || socket.Namespace == other.Namespace))
            {
                return next - 1;
            }
        }

        return -1;
    }

    private int Match(in ConntrackFlow flow, in ConnectionTuple tuple, bool initiator)
    {
        var found = -1;
        var sockets = Sockets;
        for (var next = _heads[Hash(tuple) & (_heads.Length - 1)]; next != 0; next = _next[next - 1])
        {
            ref var socket = ref sockets[next - 1];
            if (socket.Outside == tuple && !socket.IsPrivate)
            {
                socket.SetHostEntry(flow, initiator);
                found = next - 1;
            }
        }

        return found;
    }

    private static int Hash(in ConnectionTuple tuple)
    {
        var mixed = tuple.Source.Low ^ BitOperations.RotateLeft(tuple.Destination.Low, 31)
            ^ tuple.Source.High ^ BitOperations.RotateLeft(tuple.Destination.High, 17)
            ^ ((ulong)tuple.SourcePort << 48) ^ ((ulong)tuple.DestinationPort << 16);
        return (int)((mixed * 0x9E37_79B9_7F4A_7C15) >> 33);
    }
}
