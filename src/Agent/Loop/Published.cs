using Agent.Configuration;
using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Exporting;

namespace Agent.Loop;

/// <summary>One scan with everything that was made of it. Immutable: every answer of one moment comes from the same scan.</summary>
internal sealed record Published
{
    public required Snapshot Snapshot { get; init; }

    public required DiagnosisResult Diagnosis { get; init; }

    public required RenderedMetrics Metrics { get; init; }

    public required ReportPages Reports { get; init; }

    /// <summary>The options that the scan was made with.</summary>
    public required AgentOptions Options { get; init; }

    /// <summary>When it was published, as <see cref="TimeProvider.GetTimestamp"/> counts.</summary>
    public required long Timestamp { get; init; }

    /// <summary>How long it may be served. A scan that takes longer than the interval stretches it.</summary>
    public TimeSpan FreshFor =>
        3 * (Options.Collection.Interval > Snapshot.ScanDuration ? Options.Collection.Interval : Snapshot.ScanDuration);
}
