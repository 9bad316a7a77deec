using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Model;

namespace Agent.Core.Reporting.Html;

/// <summary>
/// Small inline SVG drawings. Bars stand beside their number and are hidden from screen readers; a plot says what it shows.
/// </summary>
internal static class HtmlChart
{
    private const double PlotWidth = 240;
    private const double PlotHeight = 48;

    /// <summary>The style class for how full a table is.</summary>
    public static string Level(double? fill, Thresholds options) => fill switch
    {
        null => "",
        { } ratio when ratio >= options.TablePressureCritical => "critical",
        { } ratio when ratio >= options.TablePressureWarning => "warning",
        _ => "",
    };

    /// <summary>A bar, <paramref name="ratio"/> of its full length (0 to 1), with marks at other ratios.</summary>
    public static void Bar(HtmlWriter html, double ratio, string level = "", params ReadOnlySpan<double> marks)
    {
        html.Markup($"""<svg class="bar {level}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">""");
        html.Markup($"""<rect class="track" width="100" height="8"/>""");
        html.Markup($"""<rect class="fill" width="{Math.Clamp(ratio, 0, 1) * 100:0.##}" height="8"/>""");
        foreach (var mark in marks)
        {
            html.Markup($"""<path class="mark" d="M{Math.Clamp(mark, 0, 1) * 100:0.##} 0V8"/>""");
        }

        html.Markup($"</svg>");
    }

    /// <summary>Where a duration lies between 1 s and <paramref name="longest"/> on a logarithmic scale, 0 to 1.</summary>
    public static double Logarithmic(TimeSpan duration, TimeSpan longest) =>
        Math.Clamp(Math.Log10(1 + duration.TotalSeconds) / Math.Log10(1 + Math.Max(longest.TotalSeconds, 1)), 0, 1);

    /// <summary>A line over time; a gap where a value is unknown.</summary>
    public static void Line(HtmlWriter html, string name, ImmutableArray<(DateTimeOffset At, long? Value)> points)
    {
        var known = points.Where(static point => point.Value is not null).Select(static point => point.Value!.Value).ToImmutableArray();
        if (known.IsEmpty)
        {
            html.Markup($"""<figure class="plot"><figcaption>{name}</figcaption><p class="empty">could not be read</p></figure>""");
            return;
        }

        var highest = known.Max();
        var last = points[^1].Value;
        var label = $"{name}: first {HtmlFormat.Count(known[0])}, lowest {HtmlFormat.Count(known.Min())}, "
            + $"highest {HtmlFormat.Count(highest)}, now {HtmlFormat.Count(last)}";
        html.Markup($"""
            <figure class="plot"><figcaption>{name}<strong>{HtmlFormat.Count(last)}</strong></figcaption>
            <svg role="img" aria-label="{label}" viewBox="0 0 {PlotWidth} {PlotHeight}" preserveAspectRatio="none">
            <line class="axis" x1="0" x2="{PlotWidth}" y1="{PlotHeight - 1}" y2="{PlotHeight - 1}"/>
            <path class="line" d="{Path(points, Math.Max(highest, 1))}"/></svg>
            <p class="range"><span>{HtmlFormat.Count(known.Min())} to {HtmlFormat.Count(highest)}</span></p></figure>
            """);
    }

    private static string Path(ImmutableArray<(DateTimeOffset At, long? Value)> points, long highest)
    {
        var start = points[0].At;
        var span = Math.Max((points[^1].At - start).TotalSeconds, 1);
        var path = new System.Text.StringBuilder();
        var pen = 'M';
        foreach (var (at, value) in points)
        {
            if (value is not { } known)
            {
                pen = 'M';
                continue;
            }

            var x = (at - start).TotalSeconds / span * PlotWidth;
            var y = PlotHeight - 2 - ((double)known / highest * (PlotHeight - 4));
            path.Append(CultureInfo.InvariantCulture, $"{pen}{x:0.#} {y:0.#}");
            // A point with a gap on both sides is still drawn: as a dot, by the line's round ends.
            path.Append(pen == 'M' ? "h0" : "");
            pen = 'L';
        }

        return path.ToString();
    }
}
