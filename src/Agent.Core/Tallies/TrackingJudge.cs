using Agent.Core.Model;

namespace Agent.Core.Tallies;

/// <summary>Decides whether conntrack has forgotten a half-closed connection, or never knew it.</summary>
public static class TrackingJudge
{
    /// <summary>Judges one socket. Whoever was in a table once and is not there now was forgotten, whatever else is known.</summary>
    /// <param name="socket">With its matches and its past.</param>
    /// <param name="inHostTable">Whether the host's table tracks this connection's like; null when unknown.</param>
    public static TrackingState Judge(in HalfClosedSocket socket, bool? inHostTable)
    {
        var host = socket.IsPrivate ? false : socket.Past.WasInHostTable ? true : inHostTable;
        var own = socket.Namespace.IsHost ? false : socket.Past.WasInOwnTable ? true : socket.Namespace.InOwnTable;
        if ((socket.OutsideIsKnown && IsGone(socket.Host, host)) || IsGone(socket.Own, own))
        {
            return TrackingState.Untracked;
        }

        return socket.Host.Found || socket.Own.Found ? TrackingState.Tracked
            : host == false && own == false ? TrackingState.NotTracked
            : TrackingState.Unknown;
    }

    /// <summary>
    /// True when a socket that is not kept in full was forgotten by the host's table. Nobody asks the table of its own namespace for it.
    /// </summary>
    internal static bool IsForgotten(in HalfClosedRecord record, NamespaceTracking network) =>
        (network.IsHost || network.IsUntranslated)
        && record.Has(HalfClosedMarks.Asked) && !record.Has(HalfClosedMarks.Found) && !record.Has(HalfClosedMarks.Private)
        && (record.Has(HalfClosedMarks.WasInHostTable) || (!record.Has(HalfClosedMarks.MayPassBy) && network.InHostTable == true));

    /// <summary>The entry that expires first, of those found.</summary>
    public static ConntrackEntry? SoonestEntry(in HalfClosedSocket socket)
    {
        var preferOwn = socket.Own.Found
            && (!socket.Host.Found || (socket.Own.ExpiresInSeconds ?? uint.MaxValue) < (socket.Host.ExpiresInSeconds ?? uint.MaxValue));
        return preferOwn ? Entry(ConntrackTableKind.Pod, socket.Own)
            : socket.Host.Found ? Entry(ConntrackTableKind.Host, socket.Host)
            : null;
    }

    private static bool IsGone(in EntryMatch match, bool? tracks) => tracks == true && match.Asked && !match.Found;

    private static ConntrackEntry Entry(ConntrackTableKind table, in EntryMatch match) =>
        new(table, match.State, match.ExpiresInSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
}
