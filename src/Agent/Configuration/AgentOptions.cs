using Agent.Core.Metrics;
using Agent.Core.Model;

namespace Agent.Configuration;

/// <summary>The whole effective configuration. Immutable: a reload makes a new one.</summary>
internal sealed record AgentOptions
{
    public CollectionOptions Collection { get; init; } = new();

    public PodsOptions Pods { get; init; } = new();

    public Thresholds Diagnosis { get; init; } = new();

    public MetricsOptions Metrics { get; init; } = new();

    public HttpOptions Http { get; init; } = new();

    public RemediationOptions Remediation { get; init; } = new();

    public LoggingOptions Logging { get; init; } = new();

    /// <summary>What decides what a scan reads; not how often, not how it is judged, and not what is heard between two scans.</summary>
    public (CollectionOptions Collection, PodsOptions Pods) Reading =>
        (Collection with { Interval = TimeSpan.Zero, CpuBudgetPercent = 0, ConnectionEnds = ConnectionEndsChoice.Auto }, Pods);
}
