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
    private const int ManySnapshots = 20;
    private const int MostSnapshots = 60;
    private const int MostPoints = 360;

    // Where scans follow one another closely, so many of them that what happens three times is still seen when it takes 20 s each time.
    private static readonly TimeSpan s_leastSpan = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_snapshotSpan = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_pointSpan = TimeSpan.FromHours(1);

    private Thresholds? _thresholds;

    /// <summary>Oldest first.</summary>
    public ImmutableArray<Snapshot> Snapshots { get; private set; } = [];

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
        var most = Math.Clamp(s_leastSpan / interval, ManySnapshots, MostSnapshots);
        Snapshots = Keep(earlier.Add(snapshot), (int)Math.Clamp(s_snapshotSpan / interval, FewestSnapshots, most));
        Points = Keep(Points.Add(SnapshotPoint.From(snapshot)), (int)Math.Clamp(s_pointSpan / interval, FewestSnapshots, MostPoints));
    }

    private static ImmutableArray<T> Keep<T>(ImmutableArray<T> all, int newest) => all.Length <= newest ? all : [.. all[^newest..]];

    private static Snapshot WithoutConnections(Snapshot snapshot) => snapshot with
    {
        Connections = [],
        Conntrack = snapshot.Conntrack is { Flows: { } flows } conntrack
            ? conntrack with { Flows = flows with { HalfClosedSample = [] } }
            : snapshot.Conntrack,
    };
}
