using System.Collections.Immutable;
using Agent.Core.Model;
using static Agent.Core.Reporting.Html.HtmlTable;

namespace Agent.Core.Reporting.Html;

/// <summary>
/// Ports that pods serve: accept queues, and whether the pod gives up idle connections before what is in front of it does.
/// </summary>
internal static class ListenersSection
{
    private const int MaxRows = 200;

    public static void Write(HtmlWriter html, Snapshot snapshot, HtmlReportOptions options)
    {
        var all = snapshot.Pods
            .SelectMany(static pod => pod.Listeners.Select(listener => (pod.Identity, Listener: listener)))
            .ToImmutableArray();
        if (all.IsEmpty)
        {
            return;
        }

        var busy = all.Where(static row => IsBusy(row.Listener)).ToImmutableArray();
        var upstream = options.Diagnosis.Upstream;
        html.Markup($"""<section aria-labelledby="listeners-title"><h2 id="listeners-title">Served ports and idle connections</h2>""");
        if (busy.IsEmpty)
        {
            html.Markup($"""<p class="empty">{HumanText.Count(all.Length, "port")} served, none with a connection.</p></section>""");
            return;
        }

        HtmlTable.Open(
            html,
            "listeners-caption",
            "Longest idle: a value that never passes some seconds is the server's keep-alive. The mark is at "
            + $"{HtmlFormat.Duration(upstream.KeepAlive)}, how long {upstream.Title} keeps idle connections; the scale is logarithmic.",
            sortable: true,
            "Pod",
            Number("Port"),
            Number("Accept queue"),
            Number("Established"),
            Number("TIME_WAIT at port"),
            Number("Pod closed idle"),
            Number("Client closed idle"),
            Number("Longest idle"),
            "Against upstream");
        foreach (var (owner, listener) in busy.Take(MaxRows))
        {
            WriteRow(html, owner, listener, upstream.KeepAlive);
        }

        HtmlTable.Close(html);
        if (busy.Length < all.Length || busy.Length > MaxRows)
        {
            html.Markup($"""<p class="note">{HumanText.Count(all.Length - Math.Min(busy.Length, MaxRows), "more port")} not shown.</p>""");
        }

        html.Markup($"</section>");
    }

    private static bool IsBusy(Listener listener) =>
        listener.Established + listener.Queued + listener.ClosedByPodFirst > 0
            || listener.Idle is not null
            || listener.IdleClosesSeen > 0
            || listener.IdleClosesByPeerSeen > 0;

    private static void WriteRow(HtmlWriter html, PodIdentity owner, Listener listener, TimeSpan upstream)
    {
        var isFull = listener.Backlog > 0 && listener.Queued >= listener.Backlog;
        html.Markup($"""
            <tr><th scope="row">{owner.DisplayName}</th><td class="number" data-sort="{listener.Port}">{listener.Port}</td>
            """);
        HtmlTable.Number(
            html,
            listener.Queued,
            $"{HtmlFormat.Count(listener.Queued)} of {HtmlFormat.Count(listener.Backlog)}",
            isFull ? "critical" : listener.Queued == 0 ? "quiet" : "");
        HtmlTable.Count(html, listener.Established);
        HtmlTable.Count(html, listener.ClosedByPodFirst);
        HtmlTable.Count(html, listener.IdleClosesSeen, "warning");
        HtmlTable.Count(html, listener.IdleClosesByPeerSeen);
        HtmlTable.Duration(html, listener.Idle?.Ceiling);
        html.Markup($"""<td class="drawing" data-sort="{listener.Idle?.Ceiling.TotalSeconds ?? -1:0.###}">""");
        if (listener.Idle is { } idle)
        {
            var longest = upstream * 2;
            HtmlChart.Bar(html, HtmlChart.Logarithmic(idle.Ceiling, longest), idle.Ceiling < upstream && listener.IdleClosesSeen > 0
                ? "warning"
                : "", HtmlChart.Logarithmic(upstream, longest));
            html.Markup($"<small>{HumanText.Count(idle.Samples, "sample")}</small>");
        }

        html.Markup($"</td></tr>");
    }
}
