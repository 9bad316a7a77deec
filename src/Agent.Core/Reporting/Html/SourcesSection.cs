using Agent.Core.Model;
using static Agent.Core.Reporting.Html.HtmlTable;

namespace Agent.Core.Reporting.Html;

/// <summary>What could be read, by what means, and what could not.</summary>
internal static class SourcesSection
{
    public static void Write(HtmlWriter html, Snapshot snapshot)
    {
        html.Markup($"""<section aria-labelledby="sources-title"><h2 id="sources-title">Sources</h2>""");
        HtmlTable.Open(
            html,
            "sources-caption",
            snapshot.ConntrackAge is { } age
                ? $"What this report was read from; the conntrack dump is {HtmlFormat.Duration(age)} old"
                : "What this report was read from",
            sortable: false,
            "Source", "Backend", "Status", Number("Records"), Number("Took"), "Detail");
        foreach (var source in snapshot.Sources)
        {
            var (word, level) = source.Status switch
            {
                SourceStatus.Ok => ("ok", "ok"),
                SourceStatus.Degraded => ("degraded", "warning"),
                SourceStatus.Unavailable => ("unavailable", "warning"),
                _ => ("failed", "critical"),
            };
            html.Markup($"""<tr><th scope="row"><code>{source.Name}</code></th><td>{source.Backend}</td><td>""");
            html.Markup($"""<span class="badge {level}">{word}</span></td>""");
            HtmlTable.Count(html, source.Records);
            HtmlTable.Duration(html, source.Duration);
            html.Markup($"""<td class="detail">{(source.Detail.Length == 0 ? "–" : source.Detail)}</td></tr>""");
        }

        HtmlTable.Close(html);
        html.Markup($"</section>");
    }
}
