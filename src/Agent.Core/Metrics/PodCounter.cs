using System.Collections.Immutable;
using Agent.Kernel.ProcFs;

namespace Agent.Core.Metrics;

/// <summary>One kernel counter of a pod's network namespace and the series it becomes.</summary>
/// <param name="Definition">The family.</param>
/// <param name="Reason">Value of the label <c>reason</c>; empty for families without.</param>
/// <param name="Read">Its value; null on kernels without it.</param>
internal sealed record PodCounter(MetricDefinition Definition, string Reason, Func<TcpCounters, ulong?> Read)
{
    public static ImmutableArray<PodCounter> All { get; } =
    [
        new(MetricCatalog.PodResetsSent, "", static counters => counters.ResetsSent),
        new(MetricCatalog.PodEstablishedResets, "", static counters => counters.EstablishedResets),
        new(MetricCatalog.PodAborts, "data", static counters => counters.AbortOnData),
        new(MetricCatalog.PodAborts, "close", static counters => counters.AbortOnClose),
        new(MetricCatalog.PodAborts, "timeout", static counters => counters.AbortOnTimeout),
        new(MetricCatalog.PodListenOverflows, "", static counters => counters.ListenOverflows),
        new(MetricCatalog.PodListenDrops, "", static counters => counters.ListenDrops),
    ];
}
