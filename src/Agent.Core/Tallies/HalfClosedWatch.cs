using Agent.Kernel.Net;

namespace Agent.Core.Tallies;

/// <summary>
/// Remembers the half-closed sockets of one namespace from scan to scan: since when each has been seen, and whether conntrack once
/// had its entry.
/// </summary>
public sealed class HalfClosedWatch
{
    private const int MaxSockets = 100_000;

    private Dictionary<ConnectionTuple, Memory> _known = [];

    /// <summary>Fills in <see cref="HalfClosedSocket.Past"/> and remembers the sockets; those that are gone are forgotten.</summary>
    /// <param name="now">Monotonic time of this scan.</param>
    /// <param name="sockets">The half-closed sockets of the namespace, with their matches.</param>
    public void Update(TimeSpan now, Span<HalfClosedSocket> sockets)
    {
        var next = new Dictionary<ConnectionTuple, Memory>(Math.Min(sockets.Length, MaxSockets));
        foreach (ref var socket in sockets)
        {
            var inode = socket.Socket.Inode;
            if (!_known.TryGetValue(socket.Socket.Tuple, out var memory) || !IsSame(memory.Inode, inode))
            {
                memory = new Memory(inode, now, false, false);
            }

            socket.SetPast(new(now - memory.FirstSeen, memory.InHostTable, memory.InOwnTable));
            if (next.Count < MaxSockets)
            {
                next[socket.Socket.Tuple] = new(
                    inode, memory.FirstSeen, memory.InHostTable || socket.Host.Found, memory.InOwnTable || socket.Own.Found);
            }
        }

        _known = next;
    }

    /// <summary>
    /// A socket that its process has closed has no inode any more; a new connection of the same two ends has another one.
    /// </summary>
    private static bool IsSame(ulong before, ulong now) => before == now || before == 0 || now == 0;

    private readonly record struct Memory(ulong Inode, TimeSpan FirstSeen, bool InHostTable, bool InOwnTable);
}
