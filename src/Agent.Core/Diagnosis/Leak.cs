using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>Sockets of one owner whose peers have closed and on which nothing has been sent since.</summary>
/// <param name="Sockets">How many for Diagnosis:LeakAge or longer.</param>
/// <param name="Pooled">Those that may be in a client's pool, which notices the close when it uses the connection again.</param>
/// <param name="Abandoned">Those on which nobody waits: the peer is gone, or what it sent lies unread.</param>
/// <param name="Growth">How many more than in the oldest scan that is remembered; 0 without one.</param>
/// <param name="IsGrowingOn">Whether they grew in both halves of that time: a pool that has filled up does not.</param>
/// <param name="Since">That time; null for a single scan.</param>
internal sealed record Leak(long Sockets, long Pooled, long Abandoned, long Growth, bool IsGrowingOn, TimeSpan? Since)
{
    /// <summary>So many times Diagnosis:LeakCount, and descriptors or workers run out.</summary>
    public const int Many = 10;

    /// <summary>Those that no pool keeps.</summary>
    public long Stuck => Sockets - Pooled;

    /// <summary>What is known of an owner's; null when there are too few to speak of.</summary>
    public static Leak? Of(DiagnosisContext context, PodSnapshot pod)
    {
        var summary = pod.HalfClosed;
        if (summary.LeakedCloseWaitSockets < context.Options.LeakCount)
        {
            return null;
        }

        var age = context.Options.LeakAge;
        var history = context.HistoryOf(pod.Identity).ToList();
        var growth = history.Count == 0 ? 0 : Grew(history[0].Pod.HalfClosed, summary);
        var half = Math.Max(1, context.Options.LeakCount / 2);
        var middle = history.Count < 2 ? null : history[history.Count / 2].Pod.HalfClosed;
        return new(
            summary.LeakedCloseWaitSockets,
            summary.PooledCloseWaitAges.From(age),
            summary.AbandonedCloseWaitAges.From(age),
            growth,
            middle is not null && Grew(history[0].Pod.HalfClosed, middle) >= half && Grew(middle, summary) >= half,
            history.Count == 0 ? null : context.Current.TakenAt - history[0].TakenAt);
    }

    /// <summary>How bad: a pool that keeps what its peers have closed is a note, unless it grows and grows.</summary>
    public Severity Severity(Thresholds options)
    {
        var isPool = Stuck < options.LeakCount;
        var accumulates = Growth >= options.LeakCount && (IsGrowingOn || !isPool);
        return accumulates || (!isPool && Stuck >= Many * options.LeakCount) ? Diagnosis.Severity.Critical
            : isPool ? Diagnosis.Severity.Info
            : Diagnosis.Severity.Warning;
    }

    /// <summary>Whether an owner's sockets are a leak, and no pool's.</summary>
    public static bool IsOne(DiagnosisContext context, PodSnapshot pod) =>
        Of(context, pod)?.Severity(context.Options) >= Diagnosis.Severity.Warning;

    /// <summary>
    /// Sockets without an entry whose next words are lost, and somebody may wait for them: what a leak has abandoned is its own matter, and
    /// what a client's pool keeps of connections that its peers have closed says no word more.
    /// </summary>
    public static long LostBeside(DiagnosisContext context, PodSnapshot pod)
    {
        var leaked = IsOne(context, pod) ? pod.HalfClosed.AbandonedLostAges.From(context.Options.LeakAge) : 0;
        return Math.Max(0, pod.HalfClosed.UntrackedLost - pod.HalfClosed.PooledLost - leaked);
    }

    // Sockets that only grew old enough to count are not more sockets.
    private static long Grew(HalfClosedSummary before, HalfClosedSummary now) =>
        Math.Min(now.LeakedCloseWaitSockets - before.LeakedCloseWaitSockets, now.CloseWaitSockets - before.CloseWaitSockets);
}
