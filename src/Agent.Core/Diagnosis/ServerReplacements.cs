using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>How often the server at a port of a pod was replaced by another one in the last minutes, as scans tell it.</summary>
/// <param name="Found">Another socket was found listening.</param>
/// <param name="Missed">
/// Nobody was found listening, at this scan and at the one before, but connections had been accepted between them and requests were lost at
/// the port: a server came, and was gone again.
/// </param>
/// <param name="Over">Time between the first and the last scan that was looked at.</param>
internal readonly record struct ServerReplacements(long Found, long Missed, TimeSpan Over)
{
    /// <summary>So many are a crash loop.</summary>
    public const int Loop = 3;

    /// <summary>
    /// Three within this time are one as well, while the last is recent: a container that dies again and again is started every five
    /// minutes in the end (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy), and runs for a while.
    /// </summary>
    public static readonly TimeSpan SlowLoop = TimeSpan.FromMinutes(20);

    /// <summary>Both.</summary>
    public long Times => Found + Missed;

    /// <summary>Counts them; none for a single scan.</summary>
    /// <param name="context">The snapshots.</param>
    /// <param name="pod">The pod, of the current one.</param>
    /// <param name="port">Its port.</param>
    public static ServerReplacements Of(DiagnosisContext context, PodSnapshot pod, ushort port)
    {
        var now = context.Current.TakenAt;
        List<PodObservation> seen =
        [
            .. context.HistoryOf(pod.Identity)
                .Where(seen => seen.Pod.NamespaceInstance == pod.NamespaceInstance && now - seen.TakenAt <= CounterIncrease.Window),
            new(context.Current, pod),
        ];
        var missed = seen.Zip(seen.Skip(1), (before, after) => IsMissed(before.Pod, after.Pod, port) ? 1 : 0).Sum();
        var found = CounterIncrease.OfPod(context, pod, seen => Restarts(seen, port));
        var times = (long)(found?.Amount ?? 0);
        return times > 0 && times + missed < Loop && ThirdLastAgo(seen, port) is { } slow && slow <= SlowLoop
            ? new(Loop, 0, slow)
            : new(times, missed, missed == 0 && found is { } known ? known.Over : now - seen[0].TakenAt);
    }

    // The first scan of a namespace knows of no replacement, and there was none to know of.
    private static ulong? Restarts(PodSnapshot pod, ushort port) => (ulong?)pod.Listeners
        .Where(listener => listener.Port == port)
        .Max(static listener => (long?)(listener.Restarts ?? 0));

    private static TimeSpan? ThirdLastAgo(List<PodObservation> seen, ushort port) => seen
        .SelectMany(one => one.Pod.Listeners
            .Where(listener => listener.Port == port)
            .Select(listener => seen[^1].TakenAt - one.TakenAt + listener.ThirdLastRestartAgo))
        .LastOrDefault();

    private static bool IsMissed(PodSnapshot before, PodSnapshot after, ushort port) =>
        ListensNowhere(before)
        && ListensNowhere(after)
        && after.Counters?.PassiveOpens > before.Counters?.PassiveOpens
        && Lost(after, port) > Lost(before, port);

    // Where the sockets could not be read, nobody knows.
    private static bool ListensNowhere(PodSnapshot pod) => pod is { Tcp: not null, Listeners.IsEmpty: true };

    private static long? Lost(PodSnapshot pod, ushort port) => pod.Ends?.RequestsLost
        .Where(lost => lost.Role == EndRole.Server && lost.Port == port)
        .Sum(static lost => lost.Count);
}
