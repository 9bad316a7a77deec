using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Hosting;

/// <summary>The scans of the last minutes, for rules that compare. Bounded in number and in what each one holds.</summary>
internal sealed class SnapshotHistory
{
    public static readonly TimeSpan Span = TimeSpan.FromMinutes(5);

    private const int Fewest = 2;
    private const int Most = 40;

    /// <summary>Oldest first.</summary>
    public ImmutableArray<Snapshot> Snapshots { get; private set; } = [];

    public void Add(Snapshot snapshot, TimeSpan interval)
    {
        var keep = (int)Math.Clamp(Span / interval, Fewest, Most);
        var earlier = Snapshots.Skip(Math.Max(0, Snapshots.Length - keep + 1)).ToArray();
        if (earlier is [.., var previous])
        {
            // Single connections matter only between two neighbours; kept for minutes they would be most of the memory.
            earlier[^1] = WithoutConnections(previous);
        }

        Snapshots = [.. earlier, snapshot];
    }

    private static Snapshot WithoutConnections(Snapshot snapshot) => snapshot with
    {
        Connections = [],
        Conntrack = snapshot.Conntrack is { Flows: { } flows } conntrack ? conntrack with { Flows = flows with { HalfClosedSample = [] } } : snapshot.Conntrack,
    };
}
