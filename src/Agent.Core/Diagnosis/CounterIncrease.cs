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
    public static CounterIncrease? OfNode(DiagnosisContext context, Func<Snapshot, ulong?> counter)
    {
        var sum = default(Sum);
        foreach (var snapshot in context.All)
        {
            if (snapshot.Node.BootId == context.Current.Node.BootId && context.Current.TakenAt - snapshot.TakenAt <= Window)
            {
                sum.Add(snapshot.TakenAt, counter(snapshot));
            }
        }

        return sum.ToIncrease();
    }

    /// <summary>Sums the increments of a pod's counter over the last minutes.</summary>
    /// <returns>Null when the counter was not readable twice.</returns>
    public static CounterIncrease? OfPod(DiagnosisContext context, PodSnapshot pod, Func<PodSnapshot, ulong?> counter)
    {
        // A dozen times for each pod: no sequence of sequences.
        var now = context.Current.TakenAt;
        var history = context.HistoryOf(pod.Identity);
        var sum = default(Sum);
        for (var i = 0; i < history.Count; i++)
        {
            if (history[i].Pod.NamespaceInstance == pod.NamespaceInstance && now - history[i].TakenAt <= Window)
            {
                sum.Add(history[i].TakenAt, counter(history[i].Pod));
            }
        }

        sum.Add(now, counter(pod));
        return sum.ToIncrease();
    }

    /// <summary>Readings, oldest first.</summary>
    private struct Sum
    {
        private ulong _amount;
        private ulong? _previous;
        private DateTimeOffset? _first;
        private DateTimeOffset? _last;

        public void Add(DateTimeOffset takenAt, ulong? value)
        {
            if (value is not { } current)
            {
                return;
            }

            if (_previous is { } before)
            {
                _amount += Between(before, current) ?? 0;
                _last = takenAt;
            }

            _first ??= takenAt;
            _previous = current;
        }

        public readonly CounterIncrease? ToIncrease() => _first is { } from && _last is { } to ? new(_amount, to - from) : null;
    }
}
