using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>Requests that one pod lost in the last minutes, counted one by one from the ends of their connections.</summary>
/// <param name="Count">How many.</param>
/// <param name="LastAt">When the last one was lost (UTC); null when none was.</param>
/// <param name="Over">Time in which they were counted.</param>
public readonly record struct RecentLosses(long Count, DateTimeOffset? LastAt, TimeSpan Over)
{
    /// <summary>How far back a loss counts, so that trouble that is over is forgotten.</summary>
    public static TimeSpan Window => CounterIncrease.Window;

    /// <summary>Sums up what was lost since the oldest snapshot of the window.</summary>
    /// <param name="context">The snapshots.</param>
    /// <param name="pod">The pod, of the current one.</param>
    /// <param name="which">Which losses count.</param>
    /// <param name="since">What was lost before is over: the server has been repaired; null for the whole window.</param>
    /// <returns>Null where the ends of the pod's connections are not watched.</returns>
    public static RecentLosses? Of(
        DiagnosisContext context, PodSnapshot pod, Func<LostRequests, bool> which, DateTimeOffset? since = null)
    {
        if (pod.Ends is not { } ends)
        {
            return null;
        }

        var now = context.Current.TakenAt;
        var from = since is { } repaired && repaired > now - Window ? repaired : now - Window;
        var history = context.HistoryOf(pod.Identity).Where(static seen => seen.Pod.Ends is not null).ToList();
        var before = history.Find(seen => seen.TakenAt >= from) ?? history.LastOrDefault();
        var count = 0L;
        DateTimeOffset? lastAt = null;
        foreach (var lost in ends.RequestsLost)
        {
            if (!which(lost) || lost.LastAt < from)
            {
                continue;
            }

            var increase = lost.Count - CountBefore(before, lost);
            count += increase;
            lastAt = increase > 0 && !(lastAt > lost.LastAt) ? lost.LastAt : lastAt;
        }

        return new(count, lastAt, before is null ? ends.Watched : now - before.TakenAt);
    }

    private static long CountBefore(PodObservation? before, LostRequests lost) => before?.Pod.Ends?.RequestsLost
        .FirstOrDefault(known => (known.Role, known.Cause, known.Port) == (lost.Role, lost.Cause, lost.Port))?.Count ?? 0;
}
