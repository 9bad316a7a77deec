using System.Collections.Immutable;
using Agent.Core.Model;
using Agent.Core.Tallies;

namespace Agent.Core.Snapshots;

/// <summary>Picks the half-closed connections to show: of each owner the oldest.</summary>
internal static class ConnectionSampler
{
    public static ImmutableArray<HalfClosedConnection> Sample(NodeSample sample, int perOwner)
    {
        if (sample.HalfClosed is not { Count: > 0 } table)
        {
            return [];
        }

        var indices = new int[table.Count];
        var keys = new (int Owner, long AgeTicks)[table.Count];
        var sockets = table.Sockets;
        for (var i = 0; i < indices.Length; i++)
        {
            indices[i] = i;
            keys[i] = (sockets[i].OwnerIndex, -(sockets[i].Age?.Ticks ?? 0));
        }

        Array.Sort(keys, indices);
        var result = ImmutableArray.CreateBuilder<HalfClosedConnection>();
        var taken = 0;
        for (var i = 0; i < indices.Length; i++)
        {
            taken = i > 0 && keys[i].Owner == keys[i - 1].Owner ? taken + 1 : 1;
            if (keys[i].Owner >= 0 && taken <= perOwner)
            {
                ref readonly var socket = ref sockets[indices[i]];
                result.Add(Convert(socket, sample.Owners[keys[i].Owner].Identity, OwnerOf(sample, table.FindOtherEnd(socket))));
            }
        }

        return result.ToImmutable();
    }

    private static PodIdentity? OwnerOf(NodeSample sample, int position) =>
        position >= 0 && sample.HalfClosed!.Sockets[position].OwnerIndex is >= 0 and var owner ? sample.Owners[owner].Identity : null;

    private static PeerAddress? RealPeer(in HalfClosedSocket socket) =>
        socket.Host is { Found: true, OtherEnd: var end }
        && (end.Source, end.SourcePort) != (socket.Outside.Destination, socket.Outside.DestinationPort)
            ? new(end.Source, end.SourcePort)
            : null;

    private static HalfClosedConnection Convert(in HalfClosedSocket socket, PodIdentity owner, PodIdentity? otherEnd) => new()
    {
        Owner = owner,
        Tuple = socket.Socket.Tuple,
        State = socket.Socket.State,
        ClosedBy = socket.ClosedBy,
        ConntrackClosedBy = socket.Host.ClosedBy != ClosedBy.Unknown ? socket.Host.ClosedBy : socket.Own.ClosedBy,
        Age = socket.Age,
        SilentFor = socket.SilentFor,
        AgeIsMinimum = socket.AgeIsMinimum,
        IdleBeforeClose = socket.IdleBeforeClose,
        UnreadBytes = socket.UnreadBytes,
        Inode = socket.Socket.Inode,
        Process = socket.Process,
        OtherEnd = otherEnd,
        RealPeer = RealPeer(socket),
        Tracking = socket.Tracking,
        Translated = TrackingJudge.Translates(socket),
        NeedsEntry = socket.NeedsEntry,
        EntryWasDeleted = TrackingJudge.WasDeleted(socket),
        Entry = TrackingJudge.SoonestEntry(socket),
    };
}
