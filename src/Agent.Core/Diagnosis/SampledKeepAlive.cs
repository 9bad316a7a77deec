using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>
/// Estimates a keep-alive time-out from what scans saw: connections that were idle at one scan and closed at the next, and how long
/// established ones idle. The fall-back where the ends of connections are not watched.
/// </summary>
internal static class SampledKeepAlive
{
    // Of a guess from one scan.
    private const long FewestSamples = 8;
    private const long FewestCloses = 8;

    // Before the ceiling of idle times is believed.
    private const int FewestScans = 6;

    // Fewer closes by the pod than this share of all closes of idle connections: it is the clients that close.
    private const double SmallestShareOfCloses = 0.2;

    /// <inheritdoc cref="KeepAliveEstimate.Of(Listener, TimeSpan?, double)"/>
    public static KeepAliveEstimate? Of(Listener listener, TimeSpan? running, double probesPerMinute) =>
        listener.IdleClosesSeen is { } closes ? Watched(listener, closes) : Guess(listener, running, probesPerMinute);

    private static KeepAliveEstimate? Watched(Listener listener, long closes)
    {
        if (closes == 0 || closes < SmallestShareOfCloses * (closes + (listener.IdleClosesByPeerSeen ?? 0)))
        {
            return null;
        }

        if (listener.IdleAtClose is not { } atClose)
        {
            return listener.Idle is { Scans: >= FewestScans, Samples: >= FewestSamples } idle
                ? new(Corrected(idle), closes >= 3, closes)
                : null;
        }

        if (listener.Idle is not { Samples: > 0 } ceiling)
        {
            return new(atClose, closes >= 3, closes);
        }

        // Other connections idle much longer than these did: what closed these is a limit of requests or a shutdown, unless it is plainly
        // somebody's default.
        if (atClose < 0.7 * ceiling.Ceiling)
        {
            return closes >= 5 && IsLikeADefault(atClose) ? new(atClose, false, closes) : null;
        }

        // Connections that were used again between two scans look idle for longer than they were. None ever idles longer than the ceiling,
        // which is known once there were enough scans; before, only closes after about the same time are believed.
        var most = Corrected(ceiling);
        if (ceiling.Scans < FewestScans || atClose <= 1.3 * most || (listener.IdleClosesAgree && atClose <= 2 * most))
        {
            var agree = listener.IdleClosesAgree || ceiling.Scans >= FewestScans;
            return new(atClose, agree && (closes >= 2 || IsLikeADefault(atClose)), closes);
        }

        return IsLikeADefault(most) ? new(most, closes >= 3, closes) : null;
    }

    // Many closed by the pod, none idle for longer than a well-known default although there was time enough. A busy pool whose clients send
    // "Connection: close" can look the same, so this is never sure.
    private static KeepAliveEstimate? Guess(Listener listener, TimeSpan? running, double probesPerMinute)
    {
        if (listener.Idle is not { Samples: >= FewestSamples } idle || listener.ClosedByPodFirst < FewestCloses + 2 * probesPerMinute)
        {
            return null;
        }

        var estimate = Corrected(idle);
        return IsLikeADefault(estimate) && (running is null || running > 4 * estimate + TimeSpan.FromMinutes(1))
            ? new(estimate, false, 0)
            : null;
    }

    // Samples are taken at any point of the idle time, so the longest of n falls short of it by one part in n + 1.
    private static TimeSpan Corrected(IdleCeiling idle) => idle.Ceiling * ((double)(idle.Samples + 1) / idle.Samples);

    private static bool IsLikeADefault(TimeSpan time) => KeepAliveDefaults.Like(time, []).Any();
}
