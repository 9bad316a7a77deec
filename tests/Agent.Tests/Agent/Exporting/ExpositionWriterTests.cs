using System.Buffers;
using System.Text;
using Agent.Core.Metrics;
using Agent.Exporting;
using Xunit;

namespace Agent.Tests.Agent.Exporting;

public sealed class ExpositionWriterTests
{
    private static readonly MetricFamily s_counter = new(
        new("x_seconds_total", MetricType.Counter, "Says \"how long\" \\ it\ntook.", ["pod"]), ["pod"], [new(["a"], 1.5), new(["b"], 3)]);

    [Fact]
    public void Write_Text_IsVersion004() => Assert.Equal(
        """
        # HELP x_seconds_total Says "how long" \\ it\ntook.
        # TYPE x_seconds_total counter
        x_seconds_total{pod="a"} 1.5
        x_seconds_total{pod="b"} 3

        """,
        Write(MetricsFormat.Text, s_counter));

    [Fact]
    public void Write_OpenMetrics_FamilyUnitAndEnd() => Assert.Equal(
        """
        # HELP x_seconds Says \"how long\" \\ it\ntook.
        # TYPE x_seconds counter
        # UNIT x_seconds seconds
        x_seconds_total{pod="a"} 1.5
        x_seconds_total{pod="b"} 3
        # EOF

        """,
        Write(MetricsFormat.OpenMetrics, s_counter));

    [Theory]
    [InlineData(nameof(MetricsFormat.Text), "0.5", "2", "+Inf")]
    [InlineData(nameof(MetricsFormat.OpenMetrics), "0.5", "2.0", "+Inf")]
    public void Write_Histogram_BucketsSumAndCount(string format, params string[] bounds)
    {
        var family = new MetricFamily(new("x_seconds", MetricType.Histogram, "X.", ["pod"]), ["pod"],
        [
            new(["a"], 1) { Part = HistogramPart.Bucket, UpperBound = 0.5 }, new(["a"], 3) { Part = HistogramPart.Bucket, UpperBound = 2 },
            new(["a"], 4) { Part = HistogramPart.Bucket, UpperBound = double.PositiveInfinity },
            new(["a"], 12.5) { Part = HistogramPart.Sum }, new(["a"], 4) { Part = HistogramPart.Count },
        ]);

        var written = Write(Enum.Parse<MetricsFormat>(format), family);

        Assert.Contains("# TYPE x_seconds histogram\n", written, StringComparison.Ordinal);
        Assert.Contains(
            $$"""
            x_seconds_bucket{pod="a",le="{{bounds[0]}}"} 1
            x_seconds_bucket{pod="a",le="{{bounds[1]}}"} 3
            x_seconds_bucket{pod="a",le="{{bounds[2]}}"} 4
            x_seconds_sum{pod="a"} 12.5
            x_seconds_count{pod="a"} 4

            """,
            written,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("", "")]
    [InlineData("a\"b", "a\\\"b")]
    [InlineData("a\\b", "a\\\\b")]
    [InlineData("a\nb", "a\\nb")]
    [InlineData("\"\\\n", "\\\"\\\\\\n")]
    [InlineData("Köln ✓", "Köln ✓")]
    public void Write_LabelValue_IsEscaped(string value, string written)
    {
        var family = new MetricFamily(new("x", MetricType.Gauge, "X.", ["l"]), ["l"], [new([value], 1)]);
        Assert.Contains($"x{{l=\"{written}\"}} 1\n", Write(MetricsFormat.Text, family), StringComparison.Ordinal);
        Assert.Contains($"x{{l=\"{written}\"}} 1\n", Write(MetricsFormat.OpenMetrics, family), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_LoneSurrogate_IsReplaced()
    {
        var family = new MetricFamily(new("x", MetricType.Gauge, "X.", ["l"]), ["l"], [new(["cut " + (char)0xd83d], 1)]);
        Assert.Contains("x{l=\"cut \ufffd\"} 1\n", Write(MetricsFormat.Text, family), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(-1.25, "-1.25")]
    [InlineData(1795230000.123, "1795230000.123")]
    [InlineData(18446744073709551615d, "1.8446744073709552E+19")]
    [InlineData(double.PositiveInfinity, "+Inf")]
    [InlineData(double.NegativeInfinity, "-Inf")]
    [InlineData(double.NaN, "NaN")]
    public void Write_Value_IsExact(double value, string written) => Assert.EndsWith(
        $"\nx {written}\n", Write(MetricsFormat.Text, new MetricFamily(new("x", MetricType.Gauge, "X.", []), [], [new([], value)])), StringComparison.Ordinal);

    private static string Write(MetricsFormat format, MetricFamily family)
    {
        var buffer = new ArrayBufferWriter<byte>();
        ExpositionWriter.Write(buffer, [family], format);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
