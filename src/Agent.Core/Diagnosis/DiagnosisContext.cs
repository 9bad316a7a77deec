using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>What a rule may look at.</summary>
/// <param name="Current">The snapshot to judge.</param>
/// <param name="Earlier">Earlier snapshots of the same node, oldest first; empty for a single scan.</param>
/// <param name="Options">Thresholds.</param>
public sealed record DiagnosisContext(Snapshot Current, ImmutableArray<Snapshot> Earlier, Thresholds Options)
{
    /// <summary>The snapshot before this one; null for a single scan.</summary>
    public Snapshot? Previous => Earlier.IsEmpty ? null : Earlier[^1];

    /// <summary>All snapshots, oldest first, the current one last.</summary>
    public IEnumerable<Snapshot> All => Earlier.Append(Current);

    /// <summary>Half-closed connections of one owner, of those that were sampled.</summary>
    public IEnumerable<HalfClosedConnection> ConnectionsOf(PodSnapshot pod) =>
        Current.Connections.Where(connection => connection.Owner == pod.Identity);

    /// <summary>What <see cref="Earlier"/> says of each owner.</summary>
    public PodHistory History
    {
        get => field ??= PodHistory.From(Earlier);
        init;
    }

    /// <summary>What earlier snapshots say of an owner, oldest first.</summary>
    public IReadOnlyList<PodObservation> HistoryOf(PodIdentity identity) => History.Of(identity);
}
