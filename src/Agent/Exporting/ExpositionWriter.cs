using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Agent.Core.Metrics;

namespace Agent.Exporting;

/// <summary>
/// Prometheus text format 0.0.4 and OpenMetrics 1.0. They differ in the name of a counter's family (without <c>_total</c>),
/// in <c># UNIT</c>, in the escaping of help texts and in the final <c># EOF</c>.
/// </summary>
internal static class ExpositionWriter
{
    private static readonly SearchValues<char> s_special = SearchValues.Create("\\\"\n");

    public static void Write(IBufferWriter<byte> output, ImmutableArray<MetricFamily> families, MetricsFormat format)
    {
        foreach (var family in families)
        {
            WriteHead(output, family.Definition, format);
            foreach (var sample in family.Samples)
            {
                WriteSample(output, family, sample, format);
            }
        }

        if (format == MetricsFormat.OpenMetrics)
        {
            output.Write("# EOF\n"u8);
        }
    }

    private static void WriteHead(IBufferWriter<byte> output, MetricDefinition definition, MetricsFormat format)
    {
        var openMetrics = format == MetricsFormat.OpenMetrics;
        var name = openMetrics ? definition.FamilyName : definition.Name;
        output.Write("# HELP "u8);
        WriteText(output, name);
        output.Write(" "u8);
        WriteEscaped(output, definition.Help, escapeQuotes: openMetrics);
        output.Write("\n# TYPE "u8);
        WriteText(output, name);
        output.Write(definition.Type switch
        {
            MetricType.Counter => " counter\n"u8,
            MetricType.Histogram => " histogram\n"u8,
            _ => " gauge\n"u8,
        });
        if (openMetrics && definition.Unit.Length > 0)
        {
            output.Write("# UNIT "u8);
            WriteText(output, name);
            output.Write(" "u8);
            WriteText(output, definition.Unit);
            output.Write("\n"u8);
        }
    }

    private static void WriteSample(IBufferWriter<byte> output, MetricFamily family, MetricSample sample, MetricsFormat format)
    {
        WriteText(output, family.Definition.Name);
        output.Write(sample.Part switch
        {
            HistogramPart.Bucket => "_bucket"u8,
            HistogramPart.Sum => "_sum"u8,
            HistogramPart.Count => "_count"u8,
            _ => ""u8,
        });
        for (var i = 0; i < family.Labels.Length; i++)
        {
            output.Write(i == 0 ? "{"u8 : ","u8);
            WriteText(output, family.Labels[i]);
            output.Write("=\""u8);
            WriteEscaped(output, sample.LabelValues[i], escapeQuotes: true);
            output.Write("\""u8);
        }

        if (sample.Part == HistogramPart.Bucket)
        {
            WriteUpperBound(output, sample.UpperBound, isFirst: family.Labels.IsEmpty, format);
        }

        output.Write(family.Labels.IsEmpty && sample.Part != HistogramPart.Bucket ? " "u8 : "} "u8);
        WriteValue(output, sample.Value);
        output.Write("\n"u8);
    }

    /// <summary>OpenMetrics wants the canonical number, which has a decimal point.</summary>
    private static void WriteUpperBound(IBufferWriter<byte> output, double bound, bool isFirst, MetricsFormat format)
    {
        output.Write(isFirst ? "{le=\""u8 : ",le=\""u8);
        WriteValue(output, bound);
        if (format == MetricsFormat.OpenMetrics && double.IsInteger(bound))
        {
            output.Write(".0"u8);
        }

        output.Write("\""u8);
    }

    private static void WriteValue(IBufferWriter<byte> output, double value)
    {
        if (double.IsFinite(value))
        {
            var span = output.GetSpan(32);
            _ = value.TryFormat(span, out var written, default, CultureInfo.InvariantCulture);
            output.Advance(written);
        }
        else
        {
            output.Write(double.IsNaN(value) ? "NaN"u8 : value > 0 ? "+Inf"u8 : "-Inf"u8);
        }
    }

    private static void WriteEscaped(IBufferWriter<byte> output, ReadOnlySpan<char> text, bool escapeQuotes)
    {
        int special;
        while ((special = text.IndexOfAny(s_special)) >= 0)
        {
            WriteText(output, text[..special]);
            output.Write(text[special] switch
            {
                '\n' => "\\n"u8,
                '\\' => "\\\\"u8,
                _ => escapeQuotes ? "\\\""u8 : "\""u8,
            });
            text = text[(special + 1)..];
        }

        WriteText(output, text);
    }

    private static void WriteText(IBufferWriter<byte> output, ReadOnlySpan<char> text) => Encoding.UTF8.GetBytes(text, output);
}
