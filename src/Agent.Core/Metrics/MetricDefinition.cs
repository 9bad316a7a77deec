using System.Collections.Immutable;

namespace Agent.Core.Metrics;

/// <summary>One metric family as the catalogue has it.</summary>
/// <param name="Name">Full name; counters end in <c>_total</c>.</param>
/// <param name="Type">Gauge, counter or histogram.</param>
/// <param name="Help">One sentence for people who read a dashboard.</param>
/// <param name="Labels">Label names; a family of pods begins with <c>namespace</c>, <c>pod</c>.</param>
public sealed record MetricDefinition(string Name, MetricType Type, string Help, ImmutableArray<string> Labels)
{
    /// <summary>How the values of several pods become one.</summary>
    public MetricFold Fold { get; init; }

    /// <summary>The family's name in OpenMetrics, which leaves out <c>_total</c>.</summary>
    public string FamilyName => Type == MetricType.Counter ? Name[..^"_total".Length] : Name;

    /// <summary>The unit, as OpenMetrics wants it told; empty when there is none.</summary>
    public string Unit =>
        FamilyName.EndsWith("_seconds", StringComparison.Ordinal) ? "seconds"
        : FamilyName.EndsWith("_bytes", StringComparison.Ordinal) ? "bytes"
        : "";
}

/// <summary>The type of a metric family.</summary>
public enum MetricType
{
    /// <summary>A value that goes up and down.</summary>
    Gauge,

    /// <summary>A value that only goes up, until its namespace, the node or the agent starts anew.</summary>
    Counter,

    /// <summary>Observations counted by how large they are.</summary>
    Histogram,
}

/// <summary>How the values of several pods become one series.</summary>
public enum MetricFold
{
    /// <summary>They are added up.</summary>
    Sum,

    Max,

    Min,
}
