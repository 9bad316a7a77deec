using Agent.Core.Diagnosis;
using Agent.Core.Model;

namespace Agent.Core.Reporting;

/// <summary>All that a report is made from.</summary>
/// <param name="Current">The snapshot to report.</param>
/// <param name="Previous">An earlier one of the same node, for rates; null for a single scan.</param>
/// <param name="Diagnosis">The judgement on it.</param>
/// <param name="Thresholds">What it was judged by.</param>
/// <param name="Options">What to show.</param>
/// <param name="Tool">Which build this is.</param>
public sealed record ReportInput(
    Snapshot Current, Snapshot? Previous, DiagnosisResult Diagnosis, Thresholds Thresholds, ReportOptions Options, BuildInfo Tool)
{
    /// <summary>Who scanned; null: nothing is said of it.</summary>
    public ReportOrigin? Origin { get; init; }
}
