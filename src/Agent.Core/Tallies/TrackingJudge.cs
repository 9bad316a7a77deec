using Agent.Core.Model;

namespace Agent.Core.Tallies;

/// <summary>Decides whether conntrack has forgotten a half-closed connection, or never knew it.</summary>
public static class TrackingJudge
{
    /// <summary>Judges one socket.</summary>
    /// <param name="socket">With its matches.</param>
    /// <param name="hostTracks">Whether the node's table tracks this connection's like; null when unknown.</param>
    /// <param name="podTracks">Whether the table of its own namespace tracks; null when unknown; ignored for the host's namespace.</param>
    /// <param name="expiringWithin">Time left below which an entry is about to be forgotten.</param>
    public static TrackingState Judge(in HalfClosedSocket socket, bool? hostTracks, bool? podTracks, TimeSpan expiringWithin)
    {
        var host = socket.NamespaceSlot == 0 || !socket.StaysInNamespace ? hostTracks : false;
        var pod = socket.NamespaceSlot != 0 ? podTracks : false;
        if ((socket.OutsideIsKnown && IsGone(socket.Host, host)) || IsGone(socket.Pod, pod))
        {
            return TrackingState.Untracked;
        }

        if (socket.Host.Found || socket.Pod.Found)
        {
            return SoonestSeconds(socket) is { } left && left < expiringWithin.TotalSeconds ? TrackingState.Expiring : TrackingState.Tracked;
        }

        return host == false && pod == false ? TrackingState.NotTracked : TrackingState.Unknown;
    }

    /// <summary>The entry that expires first, of those found.</summary>
    public static ConntrackEntry? SoonestEntry(in HalfClosedSocket socket)
    {
        var preferPod = socket.Pod.Found && (!socket.Host.Found || (socket.Pod.ExpiresInSeconds ?? uint.MaxValue) < (socket.Host.ExpiresInSeconds ?? uint.MaxValue));
        return preferPod ? Entry(ConntrackTableKind.Pod, socket.Pod)
            : socket.Host.Found ? Entry(ConntrackTableKind.Host, socket.Host)
            : null;
    }

    private static uint? SoonestSeconds(in HalfClosedSocket socket)
    {
        var host = socket.Host.Found ? socket.Host.ExpiresInSeconds : null;
        var pod = socket.Pod.Found ? socket.Pod.ExpiresInSeconds : null;
        return host is null ? pod : pod is null ? host : Math.Min(host.Value, pod.Value);
    }

    private static bool IsGone(in EntryMatch match, bool? tracks) => tracks == true && match.Asked && !match.Found;

    private static ConntrackEntry Entry(ConntrackTableKind table, in EntryMatch match) =>
        new(table, match.State, match.ExpiresInSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
}
