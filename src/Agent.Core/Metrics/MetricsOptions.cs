namespace Agent.Core.Metrics;

/// <summary>How many series there may be (configuration section Metrics).</summary>
public sealed record MetricsOptions
{
    /// <summary>What the pod families are folded to.</summary>
    public PodLabels PodLabels { get; init; } = PodLabels.Pod;

    /// <summary>So many pods (or whatever they are folded to) have series of their own; the rest are summed.</summary>
    public int MaxPods { get; init; } = 500;
}

/// <summary>What the pod families are folded to.</summary>
public enum PodLabels
{
    /// <summary>Labels <c>namespace</c> and <c>pod</c>.</summary>
    Pod,

    /// <summary>Labels <c>namespace</c> and <c>workload</c>.</summary>
    Workload,

    /// <summary>Label <c>namespace</c>.</summary>
    Namespace,

    /// <summary>No label: the node's sums.</summary>
    None,
}
