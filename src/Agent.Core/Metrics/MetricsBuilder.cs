using System.Collections.Immutable;

namespace Agent.Core.Metrics;

/// <summary>Makes the metric families of one scan after the other. Keeps only what counters need.</summary>
/// <remarks>Not thread-safe: one scan, one call.</remarks>
public sealed class MetricsBuilder
{
    private readonly PodMetrics _pods = new();
    private readonly EndMetrics _ends = new();
    private readonly AgentMetrics _agent = new();

    /// <summary>The families of one scan in the order of the catalogue; one without a value is left out.</summary>
    public ImmutableArray<MetricFamily> Build(MetricsInput input)
    {
        var output = new MetricFamilyWriter();
        var grouping = new PodGrouping(input.Snapshot, input.Options);
        _pods.Write(output, input, grouping);
        _ends.Write(output, input.Snapshot, grouping);
        NodeMetrics.Write(output, input.Snapshot, input.Thresholds);
        FindingMetrics.Write(output, input, grouping);
        RemediationMetrics.Write(output, input.Sysctls);
        _agent.Write(output, input);
        return output.ToImmutable();
    }
}
