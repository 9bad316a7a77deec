using Agent.Core.Model;

namespace Agent.Core.Snapshots;

/// <summary>
/// Most owners are at rest from one scan to the next. What two snapshots say alike is kept once.
/// </summary>
public static class SharedFacts
{
    /// <summary>The same snapshot; its owners' facts that equal those of an earlier one are the earlier one's objects.</summary>
    public static Snapshot Share(Snapshot snapshot, Snapshot earlier)
    {
        var known = new Dictionary<PodIdentity, PodSnapshot>(earlier.Pods.Length);
        foreach (var pod in earlier.Pods)
        {
            _ = known.TryAdd(pod.Identity, pod);
        }

        return snapshot with
        {
            Pods = [.. snapshot.Pods.Select(pod => known.TryGetValue(pod.Identity, out var before) ? Share(pod, before) : pod)],
        };
    }

    private static PodSnapshot Share(PodSnapshot pod, PodSnapshot before)
    {
        var shared = pod with
        {
            HalfClosed = Share(pod.HalfClosed, before.HalfClosed),
            Tcp = Share(pod.Tcp, before.Tcp),
            Counters = pod.Counters == before.Counters ? before.Counters : pod.Counters,
            Entries = Share(pod.Entries, before.Entries),
            Addresses = pod.Addresses.AsSpan().SequenceEqual(before.Addresses.AsSpan()) ? before.Addresses : pod.Addresses,
            Listeners = pod.Listeners.AsSpan().SequenceEqual(before.Listeners.AsSpan()) ? before.Listeners : pod.Listeners,
        };
        return shared == before ? before : shared;
    }

    private static HalfClosedSummary Share(HalfClosedSummary now, HalfClosedSummary before) =>
        now.Entries.Counts.AsSpan().SequenceEqual(before.Entries.Counts.AsSpan()) && now with { Entries = before.Entries } is var same
            ? same == before ? before : same
            : now;

    private static TcpStateCounts? Share(TcpStateCounts? now, TcpStateCounts? before) =>
        now is not null && before is not null && now.Counts.AsSpan().SequenceEqual(before.Counts.AsSpan()) ? before : now;

    private static OwnerEntries? Share(OwnerEntries? now, OwnerEntries? before) =>
        now is not null && before is not null
        && now.PerSecond == before.PerSecond
        && now.Counts.AsSpan().SequenceEqual(before.Counts.AsSpan())
            ? before
            : now;
}
