using System.Collections.Immutable;

namespace Agent.Core.Metrics;

/// <summary>Collects families and sorts them as the catalogue does.</summary>
internal sealed class MetricFamilyWriter
{
    private readonly Dictionary<MetricDefinition, MetricFamily> _families = [];
    private readonly Dictionary<MetricDefinition, ImmutableArray<MetricSample>.Builder> _samples = [];

    /// <summary>Adds a series; unknown is no series.</summary>
    public void Add(MetricDefinition definition, double? value, params ImmutableArray<string> labelValues)
    {
        if (value is { } known)
        {
            if (!_samples.TryGetValue(definition, out var samples))
            {
                _samples[definition] = samples = ImmutableArray.CreateBuilder<MetricSample>();
            }

            samples.Add(new(labelValues, known));
        }
    }

    /// <summary>Adds a family of pods, and counts what its cap has cut.</summary>
    public void Add(MetricDefinition definition, PodFamilyBuilder builder)
    {
        if (builder.Build(out var dropped) is { } family)
        {
            _families[definition] = family;
        }

        if (dropped > 0)
        {
            Add(MetricCatalog.SeriesDropped, dropped, definition.Name);
        }
    }

    /// <summary>Adds a family as it is.</summary>
    public void Add(MetricFamily family) => _families[family.Definition] = family;

    /// <summary>All families that have a series.</summary>
    public ImmutableArray<MetricFamily> ToImmutable()
    {
        foreach (var (definition, samples) in _samples)
        {
            _families[definition] = new(definition, definition.Labels, samples.ToImmutable());
        }

        return [.. MetricCatalog.All.Where(_families.ContainsKey).Select(definition => _families[definition])];
    }
}
