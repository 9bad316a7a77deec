using System.Collections.Immutable;
using Agent.Core.Metrics;

namespace Agent.Exporting;

/// <summary>Writes metric families as a scrape wants them.</summary>
internal interface IMetricsRenderer
{
    /// <summary>All formats and encodings of one snapshot's metrics.</summary>
    RenderedMetrics Render(ImmutableArray<MetricFamily> families);
}

/// <summary>What scrapes are answered with until the next snapshot.</summary>
/// <param name="Text">Prometheus text format 0.0.4.</param>
/// <param name="OpenMetrics">OpenMetrics 1.0.</param>
internal sealed record RenderedMetrics(MetricsBody Text, MetricsBody OpenMetrics)
{
    public MetricsBody this[MetricsFormat format] => format == MetricsFormat.OpenMetrics ? OpenMetrics : Text;
}

/// <summary>One answer, as it is and compressed.</summary>
internal sealed record MetricsBody(byte[] Identity, byte[] Gzip);

internal enum MetricsFormat
{
    Text,
    OpenMetrics,
}
