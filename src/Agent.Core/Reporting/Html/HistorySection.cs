using System.Collections.Immutable;

namespace Agent.Core.Reporting.Html;

/// <summary>The scans of the last hour; only a running agent has them.</summary>
internal static class HistorySection
{
    public static void Write(HtmlWriter html, HtmlReportOptions options)
    {
        if (options.History.Length < 2)
        {
            return;
        }

        var span = options.History[^1].TakenAt - options.History[0].TakenAt;
        var title = span >= TimeSpan.FromMinutes(59) ? "The last hour" : $"The last {HtmlFormat.Duration(span)}";
        html.Markup($"""<section aria-labelledby="history-title"><h2 id="history-title">{title}</h2><div class="plots">""");
        Line(html, "Half-closed sockets", options, static point => point.HalfClosedSockets);
        Line(html, "Expiring", options, static point => point.Expiring);
        Line(html, "Untracked", options, static point => point.Untracked);
        Line(html, "Conntrack entries", options, static point => point.ConntrackEntries);
        html.Markup($"</div></section>");
    }

    private static void Line(HtmlWriter html, string name, HtmlReportOptions options, Func<SnapshotPoint, long?> value) =>
        HtmlChart.Line(html, name, options.History.Select(point => (point.TakenAt, value(point))).ToImmutableArray());
}
