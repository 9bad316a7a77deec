using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>What a rule may look at.</summary>
/// <param name="Current">The snapshot to judge.</param>
/// <param name="Earlier">Earlier snapshots of the same node, oldest first; empty for a single scan.</param>
/// <param name="Options">Thresholds.</param>
public sealed record DiagnosisContext(Snapshot Current, ImmutableArray<Snapshot> Earlier, DiagnosisOptions Options)
{
    /// <summary>The snapshot before this one; null for a single scan.</summary>
    public Snapshot? Previous => Earlier.IsEmpty ? null : Earlier[^1];
}
