using System.Collections.Immutable;
using Agent.Core.Diagnosis;

namespace Agent.Core.Reporting.Html;

/// <summary>What the page shows besides the snapshot and its diagnosis.</summary>
public sealed record HtmlReportOptions
{
    /// <summary>Version of the program.</summary>
    public required string Version { get; init; }

    /// <summary>Commit it was built from; empty when unknown.</summary>
    public string Commit { get; init; } = "";

    /// <summary>Thresholds that the diagnosis used, to compare with.</summary>
    public DiagnosisOptions Diagnosis { get; init; } = new();

    /// <summary>Earlier scans, oldest first, this one included; fewer than two draw nothing.</summary>
    public ImmutableArray<SnapshotPoint> History { get; init; } = [];

    /// <summary>Rows of the table of pods.</summary>
    public int MaxPods { get; init; } = 200;

    /// <summary>Sample connections of each owner, oldest first.</summary>
    public int ConnectionsPerPod { get; init; } = 10;
}
