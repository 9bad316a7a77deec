using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>
/// Estimates a keep-alive time-out from the ends of connections, each of which was heard: idle connections close at about one age, none
/// that idled for longer survives, and the server closed by itself.
/// </summary>
/// <remarks>
/// Connections closed at one instant are one witness. Where they had been idle for different times it was a reload or a shutdown, and none
/// at all. A proxy that passes on the close of the server behind it is left out when ends are counted.
/// </remarks>
internal static class ExactKeepAlive
{
    /// <summary>
    /// Closes longer ago prove nothing any more, but for the last three where each came within this time of the next: nobody asks that
    /// server often.
    /// </summary>
    public static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    // Reloads close connections at any age: three of these agree to a twentieth by chance in one case of a hundred, six loosely as rarely.
    internal const int FewestClose = 3;
    private const int FewestLoose = 6;

    // A server that is busy when its time comes closes later, each time by something else. Requests that met these closes on connections
    // that had been idle for as long are witnesses, too: three of either are as rare as six.
    private const int FewestLost = 3;
    private const int FewestForming = 2;
    private const double MostOfThem = 0.8;

    // Two are enough where they agree so and resemble somebody's default, one where it is that to a hundredth and too long for chance.
    private const double Closely = 0.05;
    private const double Exactly = 0.01;
    private const double TooLongForChanceSeconds = 30;

    // A busy event loop comes late: later than the others, not much sooner.
    private const double SameAgeShare = 0.15;
    private const double SameAgeSeconds = 0.75;
    private const double SoonerShare = 0.3;
    private const double LooseFromSeconds = 1.75;
    private const double SameShortAgeSeconds = 0.1;
    private const double OneEventSeconds = 1.2;

    // What closes connections that are in use (a reload, a limit of their age) finds them idle for any time, from the shortest that counts
    // as idle on. Where they are used several times a second these times agree loosely, and their medians even closely.
    private const double InUseSeconds = 0.4;
    private const double InUseSpread = 1.25;
    private const double LooseEventsFromSeconds = 1;

    // gunicorn and others look now and then what is due: closes come at two ages, or at any between. However late the rest: of many none
    // was sooner than a time that is no chance, and half came soon after it.
    private const int FewestOfAnEdge = 8;
    private const int SoonerOf = 10;
    private const double EdgeSeconds = 1.25;
    private const double EdgeShare = 0.25;

    // A connection that idled for longer and was closed after all, by a server that was late, has been used last at the same moment.
    private const double SameMomentSeconds = 0.5;
    private const double MostLate = 2;

    // A server that closes after each answer comes late to that on a busy machine, now and then: that is no time-out.
    private const double MayBeLateSeconds = 1;
    private const double LateShare = 0.25;

    /// <summary>
    /// True where several closes were at about the age of the connections on which these requests were lost: a time-out that is not known
    /// yet may be the cause.
    /// </summary>
    /// <param name="now">When the snapshot was taken.</param>
    /// <param name="pod">Whose ends are heard.</param>
    /// <param name="lost">Its losses of one role, cause and port.</param>
    public static bool IsForming(DateTimeOffset now, PodSnapshot pod, LostRequests lost) =>
        lost.Role == EndRole.Server
        && pod.Ends?.IdleCloses.FirstOrDefault(closes => closes.Port == lost.Port) is { } closes
        && closes.Events.Count(seen => now - seen.At <= Memory && IsOneAge(seen) && WasIdleFor(seen.Typical, lost)) >= FewestForming;

    /// <summary>Estimates.</summary>
    /// <param name="context">The snapshots.</param>
    /// <param name="pod">Whose ends are heard.</param>
    /// <param name="listener">Its port.</param>
    /// <returns>The estimate, if any, and since when the server is another one or keeps connections for longer.</returns>
    public static (KeepAliveEstimate? Estimate, DateTimeOffset? RepairedAt) Of(
        DiagnosisContext context, PodSnapshot pod, Listener listener)
    {
        var now = context.Current.TakenAt;
        var restartedAt = now - listener.RestartedAgo;
        var closes = pod.Ends?.IdleCloses.FirstOrDefault(closes => closes.Port == listener.Port);
        var events = Recent(
            now, [.. Reloads.LeftOut(context, pod, closes?.Events ?? []).Where(seen => !(seen.At <= restartedAt) && IsOneAge(seen))]);
        if (events.Count == 0 || AreLate(events, closes!, pod))
        {
            return (null, restartedAt);
        }

        var (first, last) = Survivors(context, pod, listener, restartedAt, Age(AtEdge(events) ?? events), closes!.Events);
        var estimate = Judge([.. events.Where(seen => !(seen.At <= last))], pod, listener.Port)
            ?? (Judge([.. events.Where(seen => seen.At > first)], pod, listener.Port) is { IsSure: true } beside
                ? beside with { IsSure = false, OthersIdleLonger = true }
                : null);
        return (estimate, estimate is { OthersIdleLonger: true } ? restartedAt : Later(restartedAt, last));
    }

    private static List<IdleCloseEvent> Recent(DateTimeOffset now, List<IdleCloseEvent> closes)
    {
        var first = closes.Count;
        for (var next = now; first > 0; next = closes[first].At)
        {
            var since = first > closes.Count - FewestClose ? next : now;
            if (since - closes[first - 1].At > Memory)
            {
                break;
            }

            first--;
        }

        return closes[first..];
    }

    private static bool AreLate(List<IdleCloseEvent> events, IdleCloses closes, PodSnapshot pod) =>
        Age(events).TotalSeconds < MayBeLateSeconds && closes.Count < LateShare * pod.Ends!.Server[EndKind.ClosedFirst];

    private static KeepAliveEstimate? Judge(List<IdleCloseEvent> events, PodSnapshot pod, ushort port)
    {
        if (events.Count == 0)
        {
            return null;
        }

        var edge = AtEdge(events);
        var age = Age(edge ?? events);
        var agreeing = edge ?? events.FindAll(seen => IsSameAge(seen.Typical, age));
        if (edge is null && agreeing.Count * 2 <= events.Count)
        {
            return null;
        }

        var isLikeADefault = KeepAliveDefaults.Like(age, pod.Programs).Any();
        var close = agreeing.Count(seen => (seen.Typical - age).Duration() <= Closely * age);
        var areMost = agreeing.Count >= MostOfThem * events.Count;
        var isSure = edge is not null
            || (close >= FewestClose && close >= MostOfThem * events.Count)
            || (areMost && agreeing.Count >= FewestLoose && age.TotalSeconds >= LooseEventsFromSeconds)
            || (areMost && agreeing.Count >= FewestClose && LostAtAge(agreeing, pod, port, age) >= FewestLost)
            || (isLikeADefault && events.Count == 2 && close == 2)
            || (age.TotalSeconds >= TooLongForChanceSeconds
                && KeepAliveDefaults.Like(age, pod.Programs)
                    .Any(known => Math.Abs(age.TotalSeconds - known.Seconds) <= Exactly * known.Seconds));
        return isSure || isLikeADefault
            ? new(age, isSure, agreeing.Sum(static seen => seen.Connections))
            {
                Events = agreeing.Count,
                LastAt = agreeing[^1].At,
                Programs = pod.Programs,
            }
            : null;
    }

    /// <summary>Those closes that show how soon the server closes, where nothing but that is clear.</summary>
    private static List<IdleCloseEvent>? AtEdge(List<IdleCloseEvent> events)
    {
        if (events.Count < FewestOfAnEdge)
        {
            return null;
        }

        var soonest = events.Select(static seen => seen.Typical).Order().ElementAt(events.Count / SoonerOf);
        var until = soonest.TotalSeconds + Math.Max(EdgeSeconds, EdgeShare * soonest.TotalSeconds);
        var near = events.FindAll(seen => seen.Typical >= soonest && seen.Typical.TotalSeconds <= until);
        return soonest.TotalSeconds >= LooseFromSeconds && near.Count * 2 >= events.Count ? near : null;
    }

    /// <summary>The first and the last scan that saw a connection which had been idle for clearly longer, and lived on.</summary>
    private static (DateTimeOffset? First, DateTimeOffset? Last) Survivors(
        DiagnosisContext context,
        PodSnapshot pod,
        Listener listener,
        DateTimeOffset? restartedAt,
        TimeSpan age,
        ImmutableArray<IdleCloseEvent> closes)
    {
        var limit = (1.25 * age) + TimeSpan.FromSeconds(1);
        var late = (MostLate * age) + TimeSpan.FromSeconds(1);
        bool IsClosedLate(DateTimeOffset at, TimeSpan idle) => closes.Any(seen =>
            seen.Longest >= idle
            && seen.Longest <= late
            && (seen.At - seen.Longest - (at - idle)).Duration().TotalSeconds <= SameMomentSeconds);
        DateTimeOffset? first = null, last = null;
        foreach (var seen in context.HistoryOf(pod.Identity).Append(new(context.Current, pod)))
        {
            if (!(seen.TakenAt < restartedAt)
                && seen.Pod.Listeners.Any(other => other.Port == listener.Port
                    && other.LongestIdle is { } idle
                    && idle > limit
                    && !IsClosedLate(seen.TakenAt, idle)))
            {
                first ??= seen.TakenAt;
                last = seen.TakenAt;
            }
        }

        return (first, last);
    }

    private static long LostAtAge(List<IdleCloseEvent> events, PodSnapshot pod, ushort port, TimeSpan age) => pod.Ends!.RequestsLost
        .Where(lost => lost.Role == EndRole.Server && lost.Port == port && lost.LastAt >= events[0].At && WasIdleFor(age, lost))
        .Sum(static lost => lost.Count);

    private static bool WasIdleFor(TimeSpan age, LostRequests lost) => lost.IdleBefore is { } idle && IsSameAge(idle, age);

    private static bool IsOneAge(IdleCloseEvent seen) =>
        (seen.Longest - seen.Shortest).TotalSeconds <= Math.Max(OneEventSeconds, SameAgeShare * seen.Longest.TotalSeconds)
        && !(seen.Shortest.TotalSeconds < InUseSeconds && seen.Longest > InUseSpread * seen.Shortest);

    private static bool IsSameAge(TimeSpan idle, TimeSpan age)
    {
        var apart = age.TotalSeconds >= LooseFromSeconds ? SameAgeSeconds : SameShortAgeSeconds;
        var later = Math.Max(SameAgeShare * age.TotalSeconds, apart);
        var sooner = Math.Max(SameAgeShare * age.TotalSeconds, Math.Min(SoonerShare * age.TotalSeconds, apart));
        return (idle - age).TotalSeconds <= later && (age - idle).TotalSeconds <= sooner;
    }

    private static TimeSpan Age(List<IdleCloseEvent> events) =>
        events.Select(static seen => seen.Typical).Order().ElementAt(events.Count / 2);

    private static DateTimeOffset? Later(DateTimeOffset? one, DateTimeOffset? other) => one is null || other > one ? other : one;
}
