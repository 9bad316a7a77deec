using System.Buffers;
using System.Collections.Immutable;
using System.IO.Compression;
using Agent.Core.Metrics;

namespace Agent.Exporting;

/// <summary>Renders both formats with buffers that are used again. Not thread-safe.</summary>
internal sealed class ExpositionRenderer : IMetricsRenderer
{
    private readonly ArrayBufferWriter<byte> _buffer = new(64 * 1024);

    public RenderedMetrics Render(ImmutableArray<MetricFamily> families) =>
        new(Render(families, MetricsFormat.Text), Render(families, MetricsFormat.OpenMetrics));

    private MetricsBody Render(ImmutableArray<MetricFamily> families, MetricsFormat format)
    {
        _buffer.ResetWrittenCount();
        ExpositionWriter.Write(_buffer, families, format);
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(_buffer.WrittenSpan);
        }

        return new(_buffer.WrittenSpan.ToArray(), compressed.ToArray());
    }
}
