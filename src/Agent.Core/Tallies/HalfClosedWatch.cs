using Agent.Kernel.Net;

namespace Agent.Core.Tallies;

/// <summary>Remembers half-closed sockets from scan to scan: since when each has been seen, and whether conntrack once had its entry.</summary>
public sealed class HalfClosedWatch
{
    private const int MaxSockets = 100_000;

    private Dictionary<(ulong Namespace, ConnectionTuple Tuple), Memory> _known = [];

    /// <summary>Fills in <see cref="HalfClosedSocket.Watched"/> and remembers the sockets; those that are gone are forgotten.</summary>
    /// <param name="now">Monotonic time of this scan.</param>
    /// <param name="sockets">The half-closed sockets, with their matches.</param>
    /// <param name="namespaceOf">Inode of a namespace by its slot.</param>
    /// <param name="wasTracked">Called with the position of each socket whose entry an earlier scan found: (position, in the host's table, in the pod's).</param>
    public void Update(TimeSpan now, Span<HalfClosedSocket> sockets, Func<int, ulong> namespaceOf, Action<int, bool, bool> wasTracked)
    {
        var next = new Dictionary<(ulong, ConnectionTuple), Memory>(Math.Min(sockets.Length, MaxSockets));
        for (var i = 0; i < sockets.Length; i++)
        {
            ref var socket = ref sockets[i];
            var key = (namespaceOf(socket.NamespaceSlot), socket.Socket.Tuple);
            if (!_known.TryGetValue(key, out var memory))
            {
                memory = new Memory(now, false, false);
            }

            socket.Watched = now - memory.FirstSeen;
            if (memory.InHostTable || memory.InPodTable)
            {
                wasTracked(i, memory.InHostTable, memory.InPodTable);
            }

            if (next.Count < MaxSockets)
            {
                next[key] = memory with { InHostTable = memory.InHostTable || socket.Host.Found, InPodTable = memory.InPodTable || socket.Pod.Found };
            }
        }

        _known = next;
    }

    private readonly record struct Memory(TimeSpan FirstSeen, bool InHostTable, bool InPodTable);
}
