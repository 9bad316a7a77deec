using System.Collections.Immutable;

namespace Agent.Core.Metrics;

/// <summary>A family with its values, ready to be written.</summary>
/// <param name="Definition">Name, type and help.</param>
/// <param name="Labels">Label names: those of the definition, or what they are folded to.</param>
/// <param name="Samples">Each combination of label values once; never empty.</param>
public sealed record MetricFamily(MetricDefinition Definition, ImmutableArray<string> Labels, ImmutableArray<MetricSample> Samples);

/// <summary>One series and its value.</summary>
/// <param name="LabelValues">One for each label of the family.</param>
/// <param name="Value">Value.</param>
public readonly record struct MetricSample(ImmutableArray<string> LabelValues, double Value)
{
    /// <summary>Which series of a histogram it is.</summary>
    public HistogramPart Part { get; init; }

    /// <summary>Of a bucket: the label <c>le</c>.</summary>
    public double UpperBound { get; init; }
}

/// <summary>The series that a histogram consists of.</summary>
public enum HistogramPart : byte
{
    /// <summary>It is no histogram.</summary>
    None,

    /// <summary>Observations up to <see cref="MetricSample.UpperBound"/>.</summary>
    Bucket,

    /// <summary>All observations added up.</summary>
    Sum,

    /// <summary>How many observations.</summary>
    Count,
}
