using Agent.Core.Model;

namespace Agent.Core.Tallies;

/// <summary>Decides whether conntrack has forgotten a half-closed connection, or never knew it, and whether that matters.</summary>
public static class TrackingJudge
{
    /// <summary>
    /// Judges one socket. Whoever was in a table once and is not there now was forgotten; so was whoever is not there while connections of
    /// the same two ends are. That other connections of its namespace are tracked says nothing: NOTRACK rules, a second interface and zones
    /// choose by connection.
    /// </summary>
    /// <param name="socket">With its matches, its past and its peer.</param>
    /// <param name="inHostTable">Whether the host's table tracks connections of its namespace; null when unknown.</param>
    public static TrackingState Judge(in HalfClosedSocket socket, bool? inHostTable)
    {
        if (HostIsGone(socket) || OwnIsGone(socket))
        {
            return TrackingState.Untracked;
        }

        return socket.Host.Found || socket.Own.Found ? TrackingState.Tracked
            : (socket.IsPrivate || inHostTable == false) && (socket.Namespace.IsHost || socket.Namespace.InOwnTable == false)
                ? TrackingState.NotTracked
            : TrackingState.Unknown;
    }

    /// <summary>
    /// Whether what a socket sends without its entry is lost: the entry translates, or its table does not pick connections up in their
    /// middle. Null when nobody saw the entry and nothing else tells.
    /// </summary>
    /// <param name="socket">With its matches, its past and its peer.</param>
    public static bool? NeedsEntry(in HalfClosedSocket socket)
    {
        var (isKnown, isUnsure) = (false, false);
        if (socket.Host.Found || HostIsGone(socket))
        {
            var need = Needs(TranslatedByHost(socket), socket.Namespace.HostIsLoose);
            if (need == true)
            {
                return true;
            }

            (isKnown, isUnsure) = (true, need is null);
        }

        if (socket.Own.Found || OwnIsGone(socket))
        {
            var need = Needs(TranslatedByOwn(socket), socket.Namespace.OwnIsLoose);
            if (need == true)
            {
                return true;
            }

            (isKnown, isUnsure) = (true, isUnsure || need is null);
        }

        return isKnown && !isUnsure ? false : null;
    }

    /// <summary>Whether the entry translates, or did while it lived; null when nobody saw it and nothing else tells.</summary>
    /// <param name="socket">With its matches, its past and its peer.</param>
    public static bool? Translates(in HalfClosedSocket socket)
    {
        var host = socket.Host.Found || HostIsGone(socket) ? TranslatedByHost(socket) : false;
        var own = socket.Own.Found || OwnIsGone(socket) ? TranslatedByOwn(socket) : false;
        return host == true || own == true ? true
            : host is null || own is null || !(socket.Host.Found || socket.Own.Found || HostIsGone(socket) || OwnIsGone(socket)) ? null
            : false;
    }

    /// <summary>
    /// True when the entry that is gone did not expire: it had too much time left. Somebody deleted it, or a full table dropped it early.
    /// </summary>
    /// <param name="socket">With its matches and its past.</param>
    public static bool WasDeleted(in HalfClosedSocket socket) =>
        (HostIsGone(socket) && socket.Past.Host.WasFresh) || (OwnIsGone(socket) && socket.Past.Own.WasFresh);

    /// <summary>
    /// True when a socket that is not kept in full was forgotten by the host's table. Nobody asks the table of its own namespace for it.
    /// </summary>
    internal static bool IsForgotten(in HalfClosedRecord record, NamespaceTracking network) =>
        (network.IsHost || network.IsUntranslated)
        && record.Has(HalfClosedMarks.Asked) && !record.Has(HalfClosedMarks.Found) && !record.Has(HalfClosedMarks.Private)
        && record.Has(HalfClosedMarks.WasInHostTable);

    /// <summary>Likewise, whether what such a socket sends next is lost; null when that is not known.</summary>
    internal static bool? NeedsEntry(in HalfClosedRecord record, NamespaceTracking network) =>
        Needs(record.Has(HalfClosedMarks.HostTranslated), network.HostIsLoose);

    /// <summary>The entry that expires first, of those found.</summary>
    public static ConntrackEntry? SoonestEntry(in HalfClosedSocket socket)
    {
        var preferOwn = socket.Own.Found
            && (!socket.Host.Found || (socket.Own.ExpiresInSeconds ?? uint.MaxValue) < (socket.Host.ExpiresInSeconds ?? uint.MaxValue));
        return preferOwn ? Entry(ConntrackTableKind.Pod, socket.Own)
            : socket.Host.Found ? Entry(ConntrackTableKind.Host, socket.Host)
            : null;
    }

    private static bool HostIsGone(in HalfClosedSocket socket) => socket is { IsPrivate: false, OutsideIsKnown: true }
        && socket.Host is { Asked: true, Found: false }
        && (socket.Past.Host.WasThere || socket.HostKin.WasThere);

    private static bool OwnIsGone(in HalfClosedSocket socket) => !socket.Namespace.IsHost
        && socket.Own is { Asked: true, Found: false }
        && (socket.Past.Own.WasThere || socket.OwnKin.WasThere);

    /// <summary>Loose tables pick up what is not translated at its next packet, in either direction.</summary>
    private static bool? Needs(bool? translated, bool? isLoose) => translated == true || isLoose == false ? true
        : translated == false && isLoose == true ? false
        : null;

    private static bool? TranslatedByHost(in HalfClosedSocket socket) => socket.Host.Found ? socket.Host.Translated
        : socket.Past.Host.WasThere ? socket.Past.Host.Translated
        : socket.PathTranslates ?? OfKin(socket, socket.HostKin);

    private static bool? TranslatedByOwn(in HalfClosedSocket socket) => socket.Own.Found ? socket.Own.Translated
        : socket.Past.Own.WasThere ? socket.Past.Own.Translated
        : OfKin(socket, socket.OwnKin);

    /// <summary>
    /// Whoever calls the same address has the same path. Who is called does not see by which name: that others of the same two ends are not
    /// translated says nothing of this one.
    /// </summary>
    private static bool? OfKin(in HalfClosedSocket socket, PastEntry kin) =>
        kin.WasThere && (!socket.IsAccepted || kin.Translated == true) ? kin.Translated : null;

    private static ConntrackEntry Entry(ConntrackTableKind table, in EntryMatch match) => new(
        table,
        match.State,
        match.ExpiresInSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        match.Zone,
        match.Translated);
}
