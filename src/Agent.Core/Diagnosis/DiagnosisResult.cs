using System.Collections.Immutable;

namespace Agent.Core.Diagnosis;

/// <summary>The judgement on one snapshot.</summary>
/// <param name="Findings">
/// Worst first, one for each subject; what follows from another finding names it in <see cref="Finding.CausedBy"/> and comes after it.
/// </param>
/// <param name="Headline">One line that a tired person understands.</param>
public sealed record DiagnosisResult(ImmutableArray<Finding> Findings, Headline Headline)
{
    /// <summary>The owners in the snapshot that was judged; a finding about any other pod is not carried on. Null when not known.</summary>
    public ImmutableHashSet<FindingSubject>? Present { get; init; }

    /// <summary>What would be found if the other findings did not explain it, by id and subject (<see cref="IRemainderRule"/>).</summary>
    public ImmutableHashSet<(string Id, FindingSubject Subject)> Explained { get; init; } = [];

    /// <summary>What held until a short while ago, the last first; a bounded number. Empty for a single scan.</summary>
    public ImmutableArray<OverFinding> Over { get; init; } = [];

    /// <summary>Sources without which a healthy node cannot be told from an unknown one, and that could not be read.</summary>
    public ImmutableArray<string> Unreadable { get; init; } = [];

    /// <summary>
    /// <see cref="Findings"/> for reading: causes with what follows from them, and many pods with the same finding as one entry.
    /// </summary>
    public ImmutableArray<Finding> Grouped => FindingGroups.ForReading(Findings);

    /// <summary>The worst severity; null when there is no finding.</summary>
    public Severity? Worst => Findings.IsEmpty ? null : Findings.Max(static finding => finding.Severity);

    /// <summary>By the worst severity alone: never <see cref="Verdict.Unknown"/>, which the headline may say.</summary>
    public Verdict Verdict => Worst is { } worst ? Verdicts.Of(worst) : Verdict.Ok;
}
