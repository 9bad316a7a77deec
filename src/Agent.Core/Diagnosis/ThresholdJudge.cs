using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>
/// Applies the thresholds to what a scan saw: counts the leaked and the expiring sockets, and marks the expiring ones. A scan knows no
/// threshold, so other thresholds need no other scan; a snapshot that was judged before can be judged again.
/// </summary>
public static class ThresholdJudge
{
    /// <summary>The same snapshot with its judged numbers.</summary>
    public static Snapshot Judge(Snapshot snapshot, Thresholds thresholds)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(thresholds);
        return snapshot with
        {
            Pods = Map(snapshot.Pods, pod => Judge(pod, thresholds)),
            Connections = Map(snapshot.Connections, connection => Judge(connection, thresholds)),
        };
    }

    private static PodSnapshot Judge(PodSnapshot pod, Thresholds thresholds)
    {
        var summary = pod.HalfClosed;
        var leaked = summary.CloseWaitAges.From(thresholds.LeakAge);
        var expiring = summary.EntryTimes.Below(thresholds.ExpiringWithin);
        return leaked == summary.LeakedCloseWaitSockets && expiring == summary.Expiring
            ? pod
            : pod with { HalfClosed = summary with { LeakedCloseWaitSockets = leaked, Expiring = expiring } };
    }

    private static HalfClosedConnection Judge(HalfClosedConnection connection, Thresholds thresholds)
    {
        if (connection.Tracking is not (TrackingState.Tracked or TrackingState.Expiring))
        {
            return connection;
        }

        var tracking = connection.Entry?.ExpiresIn < thresholds.ExpiringWithin ? TrackingState.Expiring : TrackingState.Tracked;
        return tracking == connection.Tracking ? connection : connection with { Tracking = tracking };
    }

    /// <summary>Most nodes have nothing to mark: then the array stays what it is.</summary>
    private static ImmutableArray<T> Map<T>(ImmutableArray<T> items, Func<T, T> map)
        where T : class
    {
        ImmutableArray<T>.Builder? changed = null;
        for (var i = 0; i < items.Length; i++)
        {
            var mapped = map(items[i]);
            if (!ReferenceEquals(mapped, items[i]))
            {
                changed ??= items.ToBuilder();
                changed[i] = mapped;
            }
        }

        return changed?.MoveToImmutable() ?? items;
    }
}
