using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Agent.Core.Attribution;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Tallies;

/// <summary>
/// The half-closed sockets of a scan, found by their tuple. All are counted; the worst of each owner are kept in full, at most
/// <see cref="DefaultCapacity"/> in all and a fourth more for a moment, shared so that nobody's many take the place of another's few.
/// </summary>
/// <remarks>
/// An entry belongs to a socket when one of its two tuples is the socket's view of the connection outside its namespace (source = local
/// end): the original one for the side that opened, the reply one for the side that accepted, whatever NAT the node does between them.
/// </remarks>
/// <param name="memory">What earlier scans saw; begun for this one.</param>
/// <param name="mayPassBy">Whether a connection may pass the host's table by, so that nobody can tell whether it should be there.</param>
/// <param name="capacity">How many sockets are kept in full.</param>
public sealed class HalfClosedTable(
    HalfClosedMemory memory,
    Func<NamespaceTracking, ConnectionTuple, bool> mayPassBy,
    int capacity = HalfClosedTable.DefaultCapacity)
{
    /// <summary>How many sockets are kept in full: some 6 MB.</summary>
    public const int DefaultCapacity = 16_384;

    private const long Suspect = 1L << 60;

    private readonly HalfClosedSelection _selection = new(capacity);
    private readonly HalfClosedIndex _index = new();
    private int _opened;
    private NamespaceTracking? _open;
    private HalfClosedDrop? _drop;

    /// <summary>Makes a table for one scan alone.</summary>
    public HalfClosedTable()
        : this(new(), static (_, _) => false)
    {
    }

    /// <summary>Sockets that are kept in full.</summary>
    public int Count => _selection.Sockets.Count;

    /// <summary>Those sockets, to be read and completed in place.</summary>
    public Span<HalfClosedSocket> Sockets => CollectionsMarshal.AsSpan(_selection.Sockets);

    /// <summary>Sockets that are counted only.</summary>
    public long RestCount => _selection.Groups.Sum(static group => group.Rest.Sockets);

    /// <summary>Owners and namespaces, with the sums of what is counted only.</summary>
    internal IReadOnlyList<HalfClosedGroup> Groups => _selection.Groups;

    /// <summary>The sockets of a namespace that are kept in full.</summary>
    public Span<HalfClosedSocket> Of(NamespaceTracking network) => Sockets[_selection.RangeOf(network)];

    /// <summary>Starts to read the sockets of a namespace.</summary>
    public void Open(NamespaceTracking network)
    {
        Seal();
        _open = network;
        _opened = _selection.Groups.Count;
    }

    /// <summary>Adds a socket of the namespace that is open; one that this scan has seen already is not added again.</summary>
    public void Add(in HalfClosedSocket candidate)
    {
        if (!ReferenceEquals(candidate.Namespace, _open))
        {
            Open(candidate.Namespace);
        }

        ref readonly var tcp = ref candidate.Socket;
        var hash = TupleHash.Of(tcp.Tuple) ^ (candidate.IsPrivate ? candidate.Namespace.Salt : 0);
        var position = memory.See(hash, candidate.Namespace.Tag, tcp.Inode);
        if (position < 0)
        {
            return;
        }

        ref var record = ref memory.At(position);
        var group = _selection.GroupOf(candidate.Namespace, candidate.OwnerIndex, _opened, DropIt);
        record.Group = (ushort)group.Index;
        record.Set(HalfClosedMarks.CloseWait, tcp.State == TcpState.CloseWait);
        record.Set(HalfClosedMarks.Private, candidate.IsPrivate);
        var socket = candidate;
        socket.SetPast(memory.PastOf(record), position);
        var isSuspect = record.Has(HalfClosedMarks.Asked) && !record.Has(HalfClosedMarks.Found);
        _selection.Offer(group.Group, socket, (isSuspect ? Suspect : 0) + (socket.Age?.Ticks ?? 0), DropIt);
    }

    /// <summary>Forgets the sockets of the open namespace: its dump starts over.</summary>
    public void Restart()
    {
        for (var position = 0; position < memory.End && _selection.Groups.Count > _opened; position++)
        {
            ref var record = ref memory.At(position);
            if (record.Has(HalfClosedMarks.Live) && memory.IsSeen(record) && record.Group >= _opened)
            {
                HalfClosedMemory.Unsee(ref record);
            }
        }

        _selection.Forget(_opened);
    }

    /// <summary>Ends the open namespace: what is kept of it can be found.</summary>
    public void Seal()
    {
        if (_open is not null)
        {
            _selection.Seal(_opened, DropIt);
            _open = null;
        }
    }

    /// <summary>Indexes what was added.</summary>
    public void BuildIndex()
    {
        Seal();
        foreach (ref readonly var socket in Sockets)
        {
            memory.At(socket.Position).Set(HalfClosedMarks.Kept, true);
        }

        _index.Build(Sockets);
    }

    /// <summary>Forgets what a dump has matched: a new one begins, or this one starts over.</summary>
    public void ResetHostMatches()
    {
        foreach (ref var socket in Sockets)
        {
            socket.ForgetHostEntry();
        }

        for (var position = 0; position < memory.End; position++)
        {
            memory.At(position).Set(HalfClosedMarks.Asked | HalfClosedMarks.Found, false);
        }

        foreach (var group in _selection.Groups)
        {
            group.Rest.ForgetHostEntries();
        }
    }

    /// <summary>Notes that the node's table was dumped after these sockets were seen: who has no match now has no entry.</summary>
    public void SetHostEntriesMissing()
    {
        foreach (ref var socket in Sockets)
        {
            socket.SetHostEntryMissing();
        }

        for (var position = 0; position < memory.End; position++)
        {
            memory.At(position).Set(HalfClosedMarks.Asked, true);
        }
    }

    /// <summary>Notes an entry of the node's table at the sockets that it belongs to.</summary>
    /// <returns>Owners of the initiator's and the responder's socket; <see cref="AddressIndex.None"/> where there is none.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (int Initiator, int Responder) MatchHost(in ConntrackFlow flow) =>
        memory.Count == 0 || flow.Protocol != 6
            ? (AddressIndex.None, AddressIndex.None)
            : (Match(flow, flow.Original, true), Match(flow, flow.Reply, false));

    /// <summary>
    /// Finds the half-closed socket at the other end of a connection, whatever NAT the node does between them: by the entry while there is
    /// one, otherwise by the client's address and port, which a translated destination leaves alone.
    /// </summary>
    /// <returns>Its position; -1 when it is not on this node, not half-closed, or not kept.</returns>
    public int FindOtherEnd(in HalfClosedSocket socket) => _index.FindOtherEnd(Sockets, socket);

    /// <summary>Remembers for the next scan, and judges what is counted only.</summary>
    public void Complete()
    {
        var details = new HalfClosedDetails();
        foreach (ref readonly var socket in Sockets)
        {
            ref var record = ref memory.At(socket.Position);
            record.Set(HalfClosedMarks.Asked, socket.Host.Asked);
            record.Set(HalfClosedMarks.Found, socket.Host.Found);
            record.NoteHostEntry(socket.Host);
            record.NoteOwnEntry(socket.Own);
            details.Note(record, socket);
        }

        memory.Details = details;

        for (var position = 0; position < memory.End; position++)
        {
            ref var record = ref memory.At(position);
            if (!record.Has(HalfClosedMarks.Live) || record.Has(HalfClosedMarks.Kept) || !memory.IsSeen(record))
            {
                continue;
            }

            var group = _selection.Groups[record.Group];
            if (TrackingJudge.IsForgotten(record, group.Network))
            {
                group.Rest.AddUntracked(TrackingJudge.NeedsEntry(record, group.Network));
            }

            record.Set(HalfClosedMarks.WasInHostTable, record.Has(HalfClosedMarks.WasInHostTable) || record.Has(HalfClosedMarks.Found));
        }

        memory.ForgetUnseen();
    }

    /// <summary>One object for all calls.</summary>
    private HalfClosedDrop DropIt => _drop ??= Drop;

    private void Drop(HalfClosedGroup group, in HalfClosedSocket socket)
    {
        group.Rest.Add(socket);
        memory.At(socket.Position).Set(HalfClosedMarks.MayPassBy, mayPassBy(socket.Namespace, socket.Socket.Tuple));
    }

    private int Match(in ConntrackFlow flow, in ConnectionTuple tuple, bool initiator)
    {
        var hash = TupleHash.Of(tuple);
        var owner = _index.Match(Sockets, flow, tuple, hash, initiator);
        for (var position = memory.First(hash); position >= 0; position = memory.At(position).Next - 1)
        {
            ref var record = ref memory.At(position);
            if (record.Hash == hash && memory.IsSeen(record) && !record.Has(HalfClosedMarks.Kept) && !record.Has(HalfClosedMarks.Private))
            {
                owner = AddEntry(ref record, flow, initiator);
            }
        }

        return owner;
    }

    /// <summary>An entry of a socket that is counted only; a dump may show it twice.</summary>
    private int AddEntry(ref HalfClosedRecord record, in ConntrackFlow flow, bool initiator)
    {
        var group = _selection.Groups[record.Group];
        if (!record.Has(HalfClosedMarks.Found))
        {
            var match = default(EntryMatch);
            match.Set(flow, initiator);
            record.NoteHostEntry(match);
            record.Set(HalfClosedMarks.Found | HalfClosedMarks.Asked, true);
            group.Rest.AddHostEntry(
                match,
                record.Has(HalfClosedMarks.CloseWait) ? Model.ClosedBy.Peer : Model.ClosedBy.Pod,
                TrackingJudge.NeedsEntry(record, group.Network));
        }

        return group.OwnerIndex;
    }
}
