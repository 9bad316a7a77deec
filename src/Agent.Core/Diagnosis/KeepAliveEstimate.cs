using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>How long a server keeps idle connections, judged by when it closes them.</summary>
/// <param name="IdleTime">Idle time at which it closes; of the real close, which Node.js makes a second after its setting.</param>
/// <param name="IsSure">
/// True when closes of idle connections were watched and agree with each other; false when this is a guess from one scan, or when the
/// numbers disagree.
/// </param>
/// <param name="Closes">Closes of idle connections that were watched; 0 for a guess.</param>
public sealed record KeepAliveEstimate(TimeSpan IdleTime, bool IsSure, long Closes)
{
    // Of a guess from one scan.
    private const long FewestSamples = 8;
    private const long FewestCloses = 8;

    // Before the ceiling of idle times is believed.
    private const int FewestScans = 6;

    // Fewer closes by the pod than this share of all closes of idle connections: it is the clients that close.
    private const double SmallestShareOfCloses = 0.2;

    // Defaults of servers that time out idle connections, by when they really close. Go's net/http never does by itself.
    private static readonly ImmutableArray<Default> s_defaults =
    [
        new(2.5, 0.25, "gunicorn's default (2s, looked at once a second)", [ServerRuntime.Gunicorn]),
        new(
            5.5,
            0.2,
            "the default of Node.js (5s, and it closes a second later), uvicorn (5s) or Apache (5s)",
            [ServerRuntime.NodeJs, ServerRuntime.Uvicorn, ServerRuntime.Apache]),
        new(60, 0.1, "Tomcat's default (1m)", [ServerRuntime.Tomcat, ServerRuntime.SpringBoot]),
        new(75, 0.1, "nginx's default (1m15s)", [ServerRuntime.Nginx]),
        new(130, 0.1, "Kestrel's default (2m10s)", [ServerRuntime.DotNet]),
    ];

    /// <summary>Whose default this resembles, as a phrase; null when nobody's.</summary>
    public string? Resembles => Match(IdleTime)?.Names;

    /// <summary>The fixes, those for the runtimes that this resembles first.</summary>
    public IEnumerable<FindingFix> Sort(ImmutableArray<FindingFix> fixes) =>
        fixes.OrderByDescending(fix => fix.AppliesTo.Runtime is { } runtime && (Match(IdleTime)?.Runtimes.Contains(runtime) ?? false));

    /// <summary>Estimates.</summary>
    /// <param name="listener">What was seen at the port.</param>
    /// <param name="running">Since when its owner runs; null when unknown.</param>
    /// <param name="probesPerMinute">
    /// Connections a minute that the kubelet opens to the port: the pod closes these first without any idling.
    /// </param>
    /// <returns>Null when the pod was not seen to close idle connections, or when what was seen has another explanation.</returns>
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
            return closes >= 5 && Match(atClose) is not null ? new(atClose, false, closes) : null;
        }

        // Connections that were used again between two scans look idle for longer than they were. None ever idles longer than the ceiling,
        // which is known once there were enough scans; before, only closes after about the same time are believed.
        var most = Corrected(ceiling);
        if (ceiling.Scans < FewestScans || atClose <= 1.3 * most || (listener.IdleClosesAgree && atClose <= 2 * most))
        {
            var agree = listener.IdleClosesAgree || ceiling.Scans >= FewestScans;
            return new(atClose, agree && (closes >= 2 || Match(atClose) is not null), closes);
        }

        return Match(most) is not null ? new(most, closes >= 3, closes) : null;
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
        return Match(estimate) is not null && (running is null || running > 4 * estimate + TimeSpan.FromMinutes(1))
            ? new(estimate, false, 0)
            : null;
    }

    // Samples are taken at any point of the idle time, so the longest of n falls short of it by one part in n + 1.
    private static TimeSpan Corrected(IdleCeiling idle) => idle.Ceiling * ((double)(idle.Samples + 1) / idle.Samples);

    private static Default? Match(TimeSpan time) =>
        s_defaults.FirstOrDefault(known => Math.Abs(time.TotalSeconds - known.Seconds) <= known.Seconds * known.Tolerance);

    /// <param name="Seconds">When it really closes.</param>
    /// <param name="Tolerance">As a share of that.</param>
    /// <param name="Names">For people.</param>
    /// <param name="Runtimes">Who they are.</param>
    private sealed record Default(double Seconds, double Tolerance, string Names, ImmutableArray<ServerRuntime> Runtimes);
}
