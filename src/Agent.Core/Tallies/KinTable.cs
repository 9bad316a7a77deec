using Agent.Kernel.Net;

namespace Agent.Core.Tallies;

/// <summary>
/// Entries of one table by the two ends and the server's port of their connections: what is tracked there says that another connection of
/// the same two ends and path is tracked, too.
/// </summary>
public sealed class KinTable
{
    private readonly Dictionary<(IpAddress Local, IpAddress Remote, ushort ServerPort), PastEntry> _entries = [];

    /// <summary>Notes the entry of a socket.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="view">Its connection as that table has it.</param>
    /// <param name="match">What the table has.</param>
    public void Note(in HalfClosedSocket socket, in ConnectionTuple view, in EntryMatch match)
    {
        if (match.Found)
        {
            Note(socket, view, new PastEntry(true, match.Translated, match.Zone));
        }
    }

    /// <summary>Notes the entry of another connection of the same two ends.</summary>
    public void Note(in HalfClosedSocket socket, in ConnectionTuple view, PastEntry entry)
    {
        var key = Key(socket, view);
        var isMixed = _entries.TryGetValue(key, out var known) && known.Translated != entry.Translated;
        _entries[key] = isMixed ? entry with { Translated = null } : entry;
    }

    /// <summary>What is tracked of the same two ends; nothing when nothing is known to be.</summary>
    public PastEntry Find(in HalfClosedSocket socket, in ConnectionTuple view) => _entries.GetValueOrDefault(Key(socket, view));

    /// <summary>Whether another connection of the same namespace has the same two ends and path.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="other">The other connection, its local end first.</param>
    public static bool IsKin(in HalfClosedSocket socket, in ConnectionTuple other)
    {
        var own = socket.Socket.Tuple;
        return other.Source == own.Source && other.Destination == own.Destination
            && (socket.IsAccepted ? other.SourcePort == own.SourcePort : other.DestinationPort == own.DestinationPort);
    }

    private static (IpAddress Local, IpAddress Remote, ushort ServerPort) Key(in HalfClosedSocket socket, in ConnectionTuple view) =>
        (view.Source, view.Destination, socket.IsAccepted ? view.SourcePort : view.DestinationPort);
}
