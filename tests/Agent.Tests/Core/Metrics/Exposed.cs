using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Diagnosis;
using Agent.Core.Metrics;
using Agent.Core.Model;

namespace Agent.Tests.Core.Metrics;

/// <summary>Scans one after the other through a <see cref="MetricsBuilder"/>, and shows the series as text: <c>name{label="value"}</c>.</summary>
internal sealed class Exposed
{
    private readonly MetricsBuilder _builder = new();

    public MetricsOptions Options { get; init; } = new();

    public Thresholds Thresholds { get; init; } = new();

    public DiagnosisResult Diagnosis { get; init; } = new([], new(Verdict.Ok, ""));

    public ImmutableArray<SysctlNumbers> Sysctls { get; init; } = [];

    public Dictionary<string, double> Scan(Snapshot snapshot) =>
        (from family in Families(snapshot)
         from sample in family.Samples
         select (Key: Name(family, sample), sample.Value)).ToDictionary(static pair => pair.Key, static pair => pair.Value);

    public ImmutableArray<MetricFamily> Families(Snapshot snapshot) => _builder.Build(new()
    {
        Snapshot = snapshot,
        Thresholds = Thresholds,
        Diagnosis = Diagnosis,
        Options = Options,
        Interval = TimeSpan.FromSeconds(15),
        Build = new("1.2.3", "abcdef0", ".NET 10.0.1"),
        Process = new(TimeSpan.FromSeconds(1.5), 4096, 17, TestClock),
        Sysctls = Sysctls,
    });

    private static DateTimeOffset TestClock { get; } = new(2026, 11, 21, 2, 0, 0, TimeSpan.Zero);

    private static string Name(MetricFamily family, MetricSample sample)
    {
        var labels = family.Labels.Zip(sample.LabelValues, static (label, value) => $"{label}=\"{value}\"");
        var all = sample.Part == HistogramPart.Bucket ? labels.Append($"le=\"{Bound(sample.UpperBound)}\"").ToArray() : [.. labels];
        var name = family.Definition.Name + (sample.Part == HistogramPart.None ? "" : $"_{sample.Part.ToString().ToLowerInvariant()}");
        return all.Length == 0 ? name : $"{name}{{{string.Join(",", all)}}}";
    }

    private static string Bound(double bound) => double.IsFinite(bound) ? bound.ToString(CultureInfo.InvariantCulture) : "+Inf";
}
