using Agent.Core.Model;
using Agent.Core.Tallies;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Snapshots;

/// <summary>Sums the half-closed sockets and entries of each owner.</summary>
internal static class HalfClosedByOwner
{
    public static HalfClosedSummary[] Sum(NodeSample sample, Thresholds options)
    {
        var sums = new Sums[sample.Owners.Length];
        var counted = new HashSet<(int Namespace, ConnectionTuple Tuple)>();
        foreach (ref readonly var socket in sample.HalfClosed is { } table ? table.Sockets : [])
        {
            if (socket.Owner >= 0)
            {
                sums[socket.Owner].Add(socket, options);
                // Where both ends are in one namespace, as between an application and its proxy, they share an entry; each end
                // is the reverse of what the other one looks like from outside.
                if (socket.Pod.Found && !counted.Contains((socket.NamespaceSlot, socket.Outside.Reversed)))
                {
                    counted.Add((socket.NamespaceSlot, socket.Socket.Tuple));
                    sums[socket.Owner].AddOwnEntry(socket.Pod);
                }
            }
        }

        var result = new HalfClosedSummary[sums.Length];
        for (var owner = 0; owner < sums.Length; owner++)
        {
            var host = sample.Flows?.ByOwner.GetValueOrDefault(sample.Owners[owner].Identity) ?? HalfClosedEntries.None;
            result[owner] = sums[owner].ToSummary(host);
        }

        return result;
    }

    private struct Sums
    {
        private long _closeWait;
        private long _finWait1;
        private long _finWait2;
        private long _leaked;
        private long _expiring;
        private long _untracked;
        private long _disagree;
        private long _unread;
        private TimeSpan? _oldest;
        private long[]? _podEntries;

        public void Add(in HalfClosedSocket socket, Thresholds options)
        {
            switch (socket.Socket.State)
            {
                case TcpState.CloseWait:
                    _closeWait++;
                    _leaked += socket.Age > options.LeakAge ? 1 : 0;
                    break;
                case TcpState.FinWait1:
                    _finWait1++;
                    break;
                default:
                    _finWait2++;
                    break;
            }

            _expiring += socket.Tracking == TrackingState.Expiring ? 1 : 0;
            _untracked += socket.Tracking == TrackingState.Untracked ? 1 : 0;
            _unread += socket.UnreadBytes;
            _disagree += Disagrees(socket.Host, socket.ClosedBy) || Disagrees(socket.Pod, socket.ClosedBy) ? 1 : 0;
            if (socket.Age is { } age && (_oldest is null || age > _oldest))
            {
                _oldest = age;
            }
        }

        public void AddOwnEntry(in EntryMatch entry)
        {
            if (entry.State is TcpConntrackState.FinWait or TcpConntrackState.CloseWait)
            {
                _podEntries ??= new long[HalfClosedEntries.Length];
                _podEntries[HalfClosedEntries.IndexOf(ConntrackTableKind.Pod, entry.State == TcpConntrackState.CloseWait, entry.ClosedBy)]++;
            }
        }

        public readonly HalfClosedSummary ToSummary(HalfClosedEntries host) => new()
        {
            CloseWaitSockets = _closeWait,
            FinWait1Sockets = _finWait1,
            FinWait2Sockets = _finWait2,
            ClosedByPeer = _closeWait,
            ClosedByPod = _finWait1 + _finWait2,
            LeakedCloseWaitSockets = _leaked,
            Expiring = _expiring,
            Untracked = _untracked,
            ClosersDisagree = _disagree,
            UnreadBytes = _unread,
            Oldest = _oldest,
            Entries = _podEntries is { } own ? new HalfClosedEntries([.. own.Zip(host.Counts, static (a, b) => a + b)]) : host,
        };

        private static bool Disagrees(in EntryMatch match, ClosedBy bySocket) =>
            match.Found && match.ClosedBy != ClosedBy.Unknown && match.ClosedBy != bySocket;
    }
}
