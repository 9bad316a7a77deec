using System.Numerics;
using Agent.Core.Attribution;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;

namespace Agent.Core.Tallies;

/// <summary>Finds half-closed sockets by how their connections look outside.</summary>
internal sealed class HalfClosedIndex
{
    private int[] _heads = [];
    private int[] _next = [];
    private Dictionary<((IpAddress Address, ushort Port) Client, bool IsAccepted), int>? _byClient;

    public void Build(ReadOnlySpan<HalfClosedSocket> sockets)
    {
        _heads = new int[(int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, sockets.Length * 2))];
        _next = new int[sockets.Length];
        _byClient = null;
        for (var i = 0; i < sockets.Length; i++)
        {
            ref var head = ref _heads[Bucket(TupleHash.Of(sockets[i].Outside))];
            _next[i] = head;
            head = i + 1;
        }
    }

    /// <summary>Notes an entry of the node's table at the sockets that it belongs to.</summary>
    /// <returns>Owner of one of them; <see cref="AddressIndex.None"/> where there is none.</returns>
    public int Match(Span<HalfClosedSocket> sockets, in ConntrackFlow flow, in ConnectionTuple tuple, ulong hash, bool initiator)
    {
        var owner = AddressIndex.None;
        for (var next = _heads[Bucket(hash)]; next != 0; next = _next[next - 1])
        {
            ref var socket = ref sockets[next - 1];
            if (socket.Outside == tuple && !socket.IsPrivate)
            {
                socket.SetHostEntry(flow, initiator);
                owner = socket.OwnerIndex;
            }
        }

        return owner;
    }

    /// <summary>As <see cref="HalfClosedTable.FindOtherEnd"/>.</summary>
    public int FindOtherEnd(ReadOnlySpan<HalfClosedSocket> sockets, in HalfClosedSocket socket)
    {
        if (_heads.Length == 0)
        {
            return -1;
        }

        var position = FindByView(sockets, socket);
        return position >= 0 || socket.IsPrivate || socket.Host.Found ? position : FindByClient(sockets, socket);
    }

    private int FindByView(ReadOnlySpan<HalfClosedSocket> sockets, in HalfClosedSocket socket)
    {
        var view = socket.Host.Found ? socket.Host.OtherEnd : socket.Outside.Reversed;
        for (var next = _heads[Bucket(TupleHash.Of(view))]; next != 0; next = _next[next - 1])
        {
            ref readonly var other = ref sockets[next - 1];
            if (other.Outside == view && (!(socket.IsPrivate || other.IsPrivate) || socket.Namespace == other.Namespace))
            {
                return next - 1;
            }
        }

        return -1;
    }

    /// <summary>Each port of a client has one connection that leaves its namespace, unless it calls several servers from it.</summary>
    private int FindByClient(ReadOnlySpan<HalfClosedSocket> sockets, in HalfClosedSocket socket)
    {
        _byClient ??= IndexByClient(sockets);
        var position = _byClient.GetValueOrDefault((Client(socket), !socket.IsAccepted), -1);
        return position >= 0 && sockets[position].Namespace != socket.Namespace ? position : -1;
    }

    private static Dictionary<((IpAddress Address, ushort Port) Client, bool IsAccepted), int> IndexByClient(
        ReadOnlySpan<HalfClosedSocket> sockets)
    {
        var index = new Dictionary<((IpAddress, ushort), bool), int>();
        for (var i = 0; i < sockets.Length; i++)
        {
            if (!sockets[i].IsPrivate)
            {
                var key = (Client(sockets[i]), sockets[i].IsAccepted);
                index[key] = index.ContainsKey(key) ? -1 : i;
            }
        }

        return index;
    }

    private static (IpAddress Address, ushort Port) Client(in HalfClosedSocket socket) => socket.IsAccepted
        ? (socket.Outside.Destination, socket.Outside.DestinationPort)
        : (socket.Outside.Source, socket.Outside.SourcePort);

    private int Bucket(ulong hash) => (int)(hash >> 32) & (_heads.Length - 1);
}
