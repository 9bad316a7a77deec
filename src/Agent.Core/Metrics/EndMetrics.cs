using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Ends;
using Agent.Core.Model;

namespace Agent.Core.Metrics;

/// <summary>The series of how connections ended. A pod has those of a role from the first end in it on.</summary>
internal sealed class EndMetrics
{
    private static readonly ImmutableArray<Series> s_series =
    [
        .. from role in EndNames.Roles
           from kind in EndNames.Kinds
           select new Series(MetricCatalog.PodConnectionsEnded, role, EndNames.Of(kind), ends => Counts(ends, role)[kind]),
        .. from role in EndNames.Roles
           from cause in EndNames.Causes
           select new Series(MetricCatalog.PodRequestsLost, role, EndNames.Of(cause), ends => Lost(ends, role, cause)),
    ];

    /// <summary>One for each bucket of <see cref="IdleHistogram"/>, and the sum in milliseconds.</summary>
    private static readonly int s_histogramLength = IdleHistogram.Bounds.Length + 2;

    private readonly CounterAccumulator<PodGroup> _counts = new(s_series.Length);
    private readonly CounterAccumulator<PortGroup> _idle = new(s_histogramLength);

    public void Write(MetricFamilyWriter output, Snapshot snapshot, PodGrouping grouping)
    {
        if (snapshot.ConnectionEnds is not { } heard)
        {
            return;
        }

        output.Add(MetricCatalog.ConnectionEnds, heard.Seen);
        output.Add(MetricCatalog.ConnectionEndsMissed, heard.Missed);
        output.Add(MetricCatalog.ConnectionEndsWatched, heard.WatchedShare);

        // An owner that is gone still counts for a group that outlives it; series of its own it has none.
        (PodIdentity Identity, PodGroup Group, EndsSummary Ends)[] owners =
        [
            .. from pod in snapshot.Pods
               where pod.Ends is not null
               select (pod.Identity, grouping.Capped(pod.Identity), pod.Ends),
            .. from gone in snapshot.Gone
               let @group = grouping.Capped(gone.Identity)
               where @group.IsFolded
               select (gone.Identity, @group, gone.Ends),
        ];
        WriteCounts(output, grouping, owners);
        WriteIdleCloses(output, grouping, owners);
    }

    private void WriteCounts(
        MetricFamilyWriter output, PodGrouping grouping, (PodIdentity Identity, PodGroup Group, EndsSummary Ends)[] owners)
    {
        var totals = _counts.Update(
            from owner in owners
            select new CounterReading<PodGroup>(new(0, owner.Identity.Key), owner.Group, Values(owner.Ends)));
        foreach (var family in s_series.Index().GroupBy(static pair => pair.Item.Definition))
        {
            var builder = new PodFamilyBuilder(family.Key, grouping);
            foreach (var (index, series) in family)
            {
                foreach (var (group, values) in totals)
                {
                    if (values[index] is { } value)
                    {
                        builder.Add(group, value, EndNames.Of(series.Role), series.Label);
                    }
                }
            }

            output.Add(family.Key, builder);
        }
    }

    private void WriteIdleCloses(
        MetricFamilyWriter output, PodGrouping grouping, (PodIdentity Identity, PodGroup Group, EndsSummary Ends)[] owners)
    {
        var totals = _idle.Update(
            from owner in owners
            from closes in owner.Ends.IdleCloses
            where closes.Count > 0
            select new CounterReading<PortGroup>(new(closes.Port, owner.Identity.Key), new(owner.Group, closes.Port), Values(closes)));
        var samples = ImmutableArray.CreateBuilder<MetricSample>(totals.Count * (s_histogramLength + 1));
        foreach (var (group, values) in totals)
        {
            Add(samples, [.. grouping.LabelValues(group.Pod), group.Port.ToString(CultureInfo.InvariantCulture)], values);
        }

        if (samples.Count > 0)
        {
            var definition = MetricCatalog.PodIdleClose;
            output.Add(new MetricFamily(definition, [.. grouping.LabelNames, .. definition.Labels.AsSpan()[2..]], samples.ToImmutable()));
        }
    }

    private static void Add(ImmutableArray<MetricSample>.Builder samples, ImmutableArray<string> labels, double?[] values)
    {
        var count = 0d;
        for (var bucket = 0; bucket <= IdleHistogram.Bounds.Length; bucket++)
        {
            count += values[bucket] ?? 0;
            var bound = bucket < IdleHistogram.Bounds.Length ? IdleHistogram.Bounds[bucket] : double.PositiveInfinity;
            samples.Add(new(labels, count) { Part = HistogramPart.Bucket, UpperBound = bound });
        }

        samples.Add(new(labels, (values[^1] ?? 0) / 1000) { Part = HistogramPart.Sum });
        samples.Add(new(labels, count) { Part = HistogramPart.Count });
    }

    private static ulong?[] Values(EndsSummary ends)
    {
        var values = new ulong?[s_series.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = Counts(ends, s_series[i].Role).Total > 0 ? (ulong)s_series[i].Read(ends) : null;
        }

        return values;
    }

    private static ulong?[] Values(IdleCloses closes) =>
        [.. closes.Buckets.Select(static count => (ulong?)count), (ulong)closes.Sum.TotalMilliseconds];

    private static EndCounts Counts(EndsSummary ends, EndRole role) => role == EndRole.Server ? ends.Server : ends.Client;

    private static long Lost(EndsSummary ends, EndRole role, LossCause cause)
    {
        var count = 0L;
        foreach (var lost in ends.RequestsLost)
        {
            count += lost.Role == role && lost.Cause == cause ? lost.Count : 0;
        }

        return count;
    }

    /// <summary>One series of a pod.</summary>
    private sealed record Series(MetricDefinition Definition, EndRole Role, string Label, Func<EndsSummary, long> Read);

    /// <summary>One port of whose series it is.</summary>
    private readonly record struct PortGroup(PodGroup Pod, ushort Port) : ICounterGroup
    {
        public bool IsFolded => Pod.IsFolded;
    }
}
