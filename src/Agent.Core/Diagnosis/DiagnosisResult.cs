using System.Collections.Immutable;

namespace Agent.Core.Diagnosis;

/// <summary>The judgement on one snapshot.</summary>
/// <param name="Findings">Worst first; one cause, one finding.</param>
/// <param name="Headline">One line that a tired person understands.</param>
public sealed record DiagnosisResult(ImmutableArray<Finding> Findings, string Headline)
{
    /// <summary>The worst severity; null when there is no finding.</summary>
    public Severity? Worst => Findings.IsEmpty ? null : Findings.Max(static finding => finding.Severity);

    /// <summary><c>ok</c>, <c>info</c>, <c>warning</c> or <c>critical</c>.</summary>
    public string Verdict => Worst switch
    {
        null => "ok",
        Severity.Info => "info",
        Severity.Warning => "warning",
        _ => "critical",
    };
}
