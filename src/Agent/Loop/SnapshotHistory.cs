using System.Collections.Immutable;
using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Core.Reporting.Html;
using Agent.Core.Snapshots;

namespace Agent.Loop;

/// <summary>
/// The past as far as it is needed: the scans of the last minutes for rules that compare, a few numbers of the last hour
/// for the page that draws it. Bounded in number and in what each one holds.
/// </summary>
internal sealed class SnapshotHistory
{
    private const int FewestSnapshots = 2;
    private const int NewestSnapshots = 20;
    private const int MostSnapshots = 60;
    private const int MostPoints = 360;

    // As far back as rules count (CounterIncrease.Window), however closely scans follow one another: the newest are all kept, of older ones
    // so many that the whole time is there.
    private static readonly TimeSpan s_snapshotSpan = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_apart = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_pointSpan = TimeSpan.FromHours(1);

    private Thresholds? _thresholds;

    /// <summary>Oldest first.</summary>
    public ImmutableArray<Snapshot> Snapshots
    {
        get;
        private set
        {
            field = value;
            Pods.Update(value);
        }
    }

    = [];

    /// <summary>What <see cref="Snapshots"/> say of each owner.</summary>
    public PodHistory Pods { get; } = new();

    /// <summary>Oldest first.</summary>
    public ImmutableArray<SnapshotPoint> Points { get; private set; } = [];

    /// <summary>
    /// Judges what is kept by other thresholds, so that rules which compare do not take a changed threshold for a change of the
    /// node.
    /// </summary>
    public void Judge(Thresholds thresholds)
    {
        if (_thresholds != thresholds)
        {
            _thresholds = thresholds;
            Snapshots = [.. Snapshots.Select(snapshot => ThresholdJudge.Judge(snapshot, thresholds))];
        }
    }

    /// <summary>The machine's clock was set: what was a minute ago stays a minute ago.</summary>
    /// <param name="step">How far the clock has moved by itself.</param>
    public void Move(TimeSpan step)
    {
        if (step != TimeSpan.Zero)
        {
            Snapshots = [.. Snapshots.Select(snapshot => snapshot with { TakenAt = snapshot.TakenAt + step })];
            Points = [.. Points.Select(point => point with { TakenAt = point.TakenAt + step })];
        }
    }

    public void Add(Snapshot snapshot, TimeSpan interval)
    {
        // Single connections matter only between two neighbours; kept for minutes they would be most of the memory.
        var earlier = Snapshots is [.. var before, var previous]
            ? before.Add(before is [.., var last] ? SharedFacts.Share(WithoutConnections(previous), last) : WithoutConnections(previous))
            : [];
        Snapshots = Keep(Thin(earlier.Add(snapshot)), (int)Math.Clamp(s_snapshotSpan / interval, FewestSnapshots, MostSnapshots));
        Points = Keep(Points.Add(SnapshotPoint.From(snapshot)), (int)Math.Clamp(s_pointSpan / interval, FewestSnapshots, MostPoints));
    }

    /// <summary>Decides on the one that is no longer among the newest, and lets go of what is too old.</summary>
    private static ImmutableArray<Snapshot> Thin(ImmutableArray<Snapshot> all)
    {
        var leaving = all.Length - NewestSnapshots - 1;
        if (leaving > 0 && IsSpare(all[leaving - 1], all[leaving], all[leaving + 1]))
        {
            all = all.RemoveAt(leaving);
        }

        while (all.Length > FewestSnapshots && all[^1].TakenAt - all[0].TakenAt >= s_snapshotSpan)
        {
            all = all.RemoveAt(0);
        }

        return all;
    }

    // When an owner was last seen, and when it was first missed, tells whether it was killed.
    private static bool IsSpare(Snapshot before, Snapshot snapshot, Snapshot after) =>
        snapshot.TakenAt - before.TakenAt < s_apart && !HasGone(before, snapshot) && !HasGone(snapshot, after);

    private static bool HasGone(Snapshot before, Snapshot after) =>
        before.Pods.Select(static pod => pod.Identity).Except(after.Pods.Select(static pod => pod.Identity)).Any();

    private static ImmutableArray<T> Keep<T>(ImmutableArray<T> all, int newest) => all.Length <= newest ? all : [.. all[^newest..]];

    private static Snapshot WithoutConnections(Snapshot snapshot) => snapshot with
    {
        Connections = [],
        Conntrack = snapshot.Conntrack is { Flows: { } flows } conntrack
            ? conntrack with { Flows = flows with { HalfClosedSample = [] } }
            : snapshot.Conntrack,
    };
}
