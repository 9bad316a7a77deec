using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Agent.Core.Metrics;

/// <summary>Collects the values of one family of pods, folds and caps them.</summary>
internal sealed class PodFamilyBuilder(MetricDefinition definition, PodGrouping grouping)
{
    private readonly Dictionary<Key, double> _values = [];
    private long _cutBefore;

    /// <summary>Adds one pod's value. Zero is no series, except of a counter.</summary>
    public void Add(PodGroup group, double value, string first = "", string second = "", string third = "")
    {
        if (value == 0 && definition.Type != MetricType.Counter)
        {
            return;
        }

        ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_values, new(group, first, second, third), out var exists);
        sum = exists ? Combine(sum, value) : value;
    }

    /// <summary>One value of several, as the family folds them; 0 for none.</summary>
    public double Fold(IEnumerable<double> values) => values.DefaultIfEmpty().Aggregate(Combine);

    /// <summary>Counts series that are not added because they are over a limit.</summary>
    public void Drop(int series) => _cutBefore += series;

    /// <summary>The family; null when it has no series.</summary>
    /// <param name="dropped">How many series the cap has cut.</param>
    public MetricFamily? Build(out long dropped)
    {
        var cut = MergeCutGroups();
        dropped = _cutBefore + cut;
        if (_values.Count == 0)
        {
            return null;
        }

        ImmutableArray<string> labels = [.. grouping.LabelNames, .. definition.Labels.AsSpan()[2..]];
        return new(definition, labels, [.. _values.Select(pair => new MetricSample(LabelValues(pair.Key), pair.Value))]);
    }

    private int MergeCutGroups()
    {
        var cut = _values.Where(pair => grouping.IsCut(pair.Key.Group)).ToArray();
        foreach (var (key, value) in cut)
        {
            _values.Remove(key);
            ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_values, key with { Group = grouping.Other }, out var exists);
            sum = exists ? Combine(sum, value) : value;
        }

        return cut.Length;
    }

    private double Combine(double one, double other) => definition.Fold switch
    {
        MetricFold.Max => Math.Max(one, other),
        MetricFold.Min => Math.Min(one, other),
        _ => one + other,
    };

    private ImmutableArray<string> LabelValues(Key key)
    {
        var values = grouping.LabelValues(key.Group);
        return (definition.Labels.Length - 2) switch
        {
            0 => values,
            1 => [.. values, key.First],
            2 => [.. values, key.First, key.Second],
            _ => [.. values, key.First, key.Second, key.Third],
        };
    }

    private readonly record struct Key(PodGroup Group, string First, string Second, string Third);
}
