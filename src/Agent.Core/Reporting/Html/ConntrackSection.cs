using Agent.Core.Model;
using Agent.Kernel.Conntrack;
using static Agent.Core.Reporting.Html.HtmlTable;

namespace Agent.Core.Reporting.Html;

/// <summary>The host's conntrack table: how full, of what, and what it had to refuse.</summary>
internal static class ConntrackSection
{
    public static void Write(HtmlWriter html, Snapshot snapshot, HtmlReportOptions options)
    {
        html.Markup($"""<section aria-labelledby="conntrack-title"><h2 id="conntrack-title">Conntrack table of the host</h2>""");
        if (snapshot.Conntrack is not { } conntrack)
        {
            html.Markup($"""<p class="empty">Could not be read; see the sources below.</p></section>""");
            return;
        }

        WriteUse(html, conntrack, options.Diagnosis);
        html.Markup($"""<div class="columns">""");
        if (conntrack.Flows is { } flows)
        {
            WriteFlows(html, flows);
        }

        if (conntrack.Statistics is { } statistics)
        {
            WriteStatistics(html, statistics);
        }

        html.Markup($"</div></section>");
    }

    private static string Limit(ConntrackSummary conntrack) => conntrack.Limit == 0 ? "none" : HtmlFormat.Count(conntrack.Limit);

    private static void WriteUse(HtmlWriter html, ConntrackSummary conntrack, Thresholds options)
    {
        if (conntrack.FillRatio is not { } fill)
        {
            html.Markup(
                $"<p>{HtmlFormat.Count(conntrack.Entries)} entries, limit {Limit(conntrack)}.</p>");
            return;
        }

        html.Markup($"""<div class="use"><p><strong>{HumanText.Percent(fill)}</strong> used: """);
        html.Markup($"{HtmlFormat.Count(conntrack.Entries)} of {HtmlFormat.Count(conntrack.Limit)} entries ");
        html.Markup($"in {HtmlFormat.Count(conntrack.Buckets)} buckets. ");
        html.Markup($"Marks: warning at {HumanText.Percent(options.TablePressureWarning)}, ");
        html.Markup($"critical at {HumanText.Percent(options.TablePressureCritical)}.</p>");
        HtmlChart.Bar(html, fill, HtmlChart.Level(fill, options), options.TablePressureWarning, options.TablePressureCritical);
        html.Markup($"</div>");
    }

    private static void WriteFlows(HtmlWriter html, FlowSummary flows)
    {
        HtmlTable.Open(
            html,
            "flows-caption",
            $"Flows by protocol and state: {HumanText.Count(flows.Total, "flow")}",
            sortable: false,
            "Protocol",
            "State",
            Number("Entries"),
            "Share");
        foreach (var count in flows.Counts)
        {
            html.Markup($"""<tr><th scope="row">{count.Protocol}</th>""");
            html.Markup($"""<td>{(count.State.Length == 0 ? "–" : count.State.ToUpperInvariant())}</td>""");
            HtmlTable.Count(html, count.Count);
            html.Markup($"""<td class="drawing">""");
            HtmlChart.Bar(html, flows.Total == 0
                ? 0
                : (double)count.Count / flows.Total, count is { Protocol: "tcp", State: "close_wait" or "fin_wait" }
                ? "accent"
                : "");
            html.Markup($"</td></tr>");
        }

        HtmlTable.Close(html);
    }

    private static void WriteStatistics(HtmlWriter html, ConntrackStatistics statistics)
    {
        HtmlTable.Open(
            html,
            "statistics-caption",
            "Counters since the node started",
            sortable: false,
            "Counter",
            Number("Count"),
            "Meaning");
        Counter(html, "invalid", statistics.Invalid, "packets that fit no connection");
        Counter(html, "insert_failed", statistics.InsertFailed, "connections refused because of a clash");
        Counter(html, "drop", statistics.Drop, "packets dropped: no room or no memory for an entry");
        Counter(html, "early_drop", statistics.EarlyDrop, "entries thrown out to make room");
        Counter(html, "error", statistics.Error, "malformed packets");
        Counter(html, "search_restart", statistics.SearchRestart, "look-ups repeated during a resize");
        Counter(html, "clash_resolve", statistics.ClashResolve, "clashes resolved without a loss");
        Counter(html, "chain_too_long", statistics.ChainTooLong, "connections refused: hash chain too long");
        HtmlTable.Close(html);
    }

    private static void Counter(HtmlWriter html, string name, ulong? value, string meaning)
    {
        if (value is { } known)
        {
            html.Markup($"""<tr><th scope="row"><code>{name}</code></th>""");
            html.Markup($"""<td class="number {(known == 0 ? "quiet" : "")}">{HtmlFormat.Count((long?)value)}</td><td>{meaning}</td>""");
            html.Markup($"""</tr>""");
        }
    }
}
