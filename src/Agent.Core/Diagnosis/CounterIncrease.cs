using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>How much a kernel counter rose.</summary>
/// <param name="Amount">Sum of the increments.</param>
/// <param name="Over">Time between the first and the last reading.</param>
public readonly record struct CounterIncrease(ulong Amount, TimeSpan Over)
{
    /// <summary>How far back increments count, so that trouble that is over is forgotten.</summary>
    public static TimeSpan Window { get; } = TimeSpan.FromMinutes(5);

    /// <summary>What to do where there is only one reading.</summary>
    public const string RunTwice = "One scan shows only a total; to be sure: closewatch report --window 30s";

    /// <summary>Per second.</summary>
    public double Rate => Over > TimeSpan.Zero ? Amount / Over.TotalSeconds : 0;

    // No counter used here rises by this much between two scans; a larger step back is a counter that began anew.
    private const ulong LargestStep = 100_000_000;

    /// <summary>The increment from one reading to the next.</summary>
    /// <returns>
    /// Null when the counter began anew (a reboot, a namespace of the same name). Conntrack's wrap at 2^32 for each CPU is made good.
    /// </returns>
    public static ulong? Between(ulong earlier, ulong later)
    {
        var step = later >= earlier ? later - earlier : unchecked(later + (1UL << 32) - earlier);
        return later >= earlier || step <= LargestStep ? step : null;
    }

    /// <summary>Sums the increments of a node-wide counter over the last minutes.</summary>
    /// <returns>Null for a single scan, or when the counter was not readable twice in the same boot.</returns>
    public static CounterIncrease? OfNode(DiagnosisContext context, Func<Snapshot, ulong?> counter) => Sum(
        context.All
            .Where(snapshot => snapshot.Node.BootId == context.Current.Node.BootId && context.Current.TakenAt - snapshot.TakenAt <= Window)
            .Select(snapshot => (snapshot.TakenAt, counter(snapshot))));

    /// <summary>Sums the increments of a pod's counter over the last minutes.</summary>
    /// <returns>Null when the counter was not readable twice.</returns>
    public static CounterIncrease? OfPod(DiagnosisContext context, PodSnapshot pod, Func<PodSnapshot, ulong?> counter) => Sum(
        context.HistoryOf(pod.Identity)
            .Where(seen => seen.Pod.NamespaceInstance == pod.NamespaceInstance && context.Current.TakenAt - seen.TakenAt <= Window)
            .Append(new(context.Current.TakenAt, pod))
            .Select(seen => (seen.TakenAt, counter(seen.Pod))));

    private static CounterIncrease? Sum(IEnumerable<(DateTimeOffset TakenAt, ulong? Value)> readings)
    {
        var amount = 0UL;
        DateTimeOffset? first = null, last = null;
        ulong? previous = null;
        foreach (var (takenAt, value) in readings)
        {
            if (value is not { } current)
            {
                continue;
            }

            if (previous is { } before)
            {
                amount += Between(before, current) ?? 0;
                last = takenAt;
            }

            first ??= takenAt;
            previous = current;
        }

        return first is { } from && last is { } to ? new(amount, to - from) : null;
    }
}
