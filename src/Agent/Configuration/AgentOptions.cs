using Agent.Core.Diagnosis;
using Agent.Core.Metrics;

namespace Agent.Configuration;

/// <summary>The whole effective configuration. Immutable: a reload makes a new one.</summary>
internal sealed record AgentOptions
{
    public CollectionOptions Collection { get; init; } = new();

    public PodsOptions Pods { get; init; } = new();

    public DiagnosisOptions Diagnosis { get; init; } = new();

    public MetricsOptions Metrics { get; init; } = new();

    public HttpOptions Http { get; init; } = new();

    public RemediationOptions Remediation { get; init; } = new();

    public LoggingOptions Logging { get; init; } = new();
}
