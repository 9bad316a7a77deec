using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>
/// Which closes of idle connections came with a reload: nginx, Apache, HAProxy and many more start new workers at that moment, and the old
/// ones close what is idle, however long it has been.
/// </summary>
internal static class Reloads
{
    // A worker starts, and the one that it replaces closes its connections, within so much of one another.
    private const double SameMomentSeconds = 0.75;

    // Workers come and go for other reasons, too. So many of them at moments of closes are no chance.
    private const double ByChance = 0.05;

    /// <summary>The closes that came with no reload.</summary>
    /// <param name="context">The snapshots.</param>
    /// <param name="pod">Whose closes.</param>
    /// <param name="closes">At one port, oldest first.</param>
    public static ImmutableArray<IdleCloseEvent> LeftOut(DiagnosisContext context, PodSnapshot pod, ImmutableArray<IdleCloseEvent> closes)
    {
        var starts = Starts(context, pod);
        if (closes.IsEmpty || starts.Count == 0)
        {
            return closes;
        }

        var moment = TimeSpan.FromSeconds(SameMomentSeconds);
        starts.RemoveAll(start => start.At < closes[0].At - moment);
        var reloads = starts.FindAll(start => closes.Any(close => (close.At - start.At).Duration() <= moment));
        var share = Math.Min(1, 2 * moment * closes.Length / (closes[^1].At - closes[0].At + (2 * moment)));
        return AtLeast(reloads.Count, starts.Count, share) > ByChance
            ? closes
            : closes.RemoveAll(close => reloads.Exists(start => close.At > start.After - moment && close.At <= start.At + moment));
    }

    /// <summary>When workers started, and the scan before: only the last start between two scans is known.</summary>
    private static List<(DateTimeOffset After, DateTimeOffset At)> Starts(DiagnosisContext context, PodSnapshot pod)
    {
        List<(DateTimeOffset After, DateTimeOffset At)> starts = [];
        DateTimeOffset? before = null;
        foreach (var seen in context.HistoryOf(pod.Identity).Append(new(context.Current, pod)))
        {
            if (seen.TakenAt - seen.Pod.NewestWorkerRunning is { } at
                && (starts.Count == 0 || (at - starts[^1].At).TotalSeconds > SameMomentSeconds))
            {
                starts.Add((before ?? at, at));
            }

            before = seen.TakenAt;
        }

        return starts;
    }

    /// <summary>How likely so many of all come about by chance: the upper tail of the binomial distribution.</summary>
    private static double AtLeast(int count, int all, double each)
    {
        var (likely, combinations) = (0.0, 1.0);
        for (var hits = 0; hits <= all; hits++)
        {
            likely += hits >= count ? combinations * Math.Pow(each, hits) * Math.Pow(1 - each, all - hits) : 0;
            combinations *= (double)(all - hits) / (hits + 1);
        }

        return likely;
    }
}
