namespace Agent.Configuration;

/// <summary>Section Metrics: how many series.</summary>
internal sealed record MetricsOptions
{
    public PodLabels PodLabels { get; init; } = PodLabels.Pod;

    public int MaxPods { get; init; } = 500;
}

/// <summary>What the pod families are folded to.</summary>
internal enum PodLabels
{
    Pod,
    Workload,
    Namespace,
    None,
}
