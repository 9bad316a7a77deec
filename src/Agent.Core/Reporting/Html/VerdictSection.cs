using Agent.Core.Diagnosis;
using Agent.Core.Model;

namespace Agent.Core.Reporting.Html;

/// <summary>Which node, the verdict, and the few numbers behind it.</summary>
internal static class VerdictSection
{
    public static void Write(HtmlWriter html, ReportView view, HtmlReportOptions options)
    {
        var snapshot = view.Snapshot;
        var head = ReportDocumentBuilder.Brief(view).Head;
        var verdict = Verdicts.Name(head.Verdict);
        html.Markup($"""
            <header>
            <p class="product">Closewatch <span>node report</span></p>
            <h1>{snapshot.Node.Name}</h1>
            <p class="when"><time datetime="{HtmlFormat.Machine(snapshot.TakenAt)}">{HumanText.Time(snapshot.TakenAt)}
            </time> · Linux {snapshot.Node.Kernel}{(snapshot.Node.CapturedTree ? " · captured tree" : "")}</p>
            <div class="verdict {verdict}">
            <p class="word">{verdict}</p>
            <p class="headline">{head.Text} <small>{head.Detail}</small></p>
            </div>
            """);
        if (head.First is { } first)
        {
            html.Markup($"""<p class="first"><strong>First</strong>: {first.Label}</p><pre tabindex="0"><code>{first.Text}</code></pre>""");
        }

        html.Markup($"""<dl class="figures">""");
        WriteHalfClosed(html, snapshot);
        WriteConntrack(html, snapshot, options.Diagnosis);
        html.Markup($"</dl></header>");
    }

    private static void WriteHalfClosed(HtmlWriter html, Snapshot snapshot)
    {
        var numbers = SnapshotPoint.From(snapshot);
        var oldest = snapshot.Pods.Max(static pod => pod.HalfClosed.Oldest);
        Figure(
            html,
            "Half-closed",
            HtmlFormat.Count(numbers.HalfClosedSockets),
            oldest is null ? "sockets" : $"sockets, oldest {HtmlFormat.Duration(oldest)}",
            "");
        Figure(
            html,
            "Expiring",
            HtmlFormat.Count(numbers.Expiring),
            "entry runs out before the connection ends",
            numbers.Expiring > 0 ? "warning" : "");
        Figure(
            html,
            "Untracked",
            HtmlFormat.Count(numbers.Untracked),
            "conntrack has forgotten them",
            numbers.Untracked > 0 ? "critical" : "");
    }

    private static void WriteConntrack(HtmlWriter html, Snapshot snapshot, Thresholds options)
    {
        var fill = snapshot.Conntrack?.FillRatio;
        Figure(
            html,
            "Conntrack table",
            fill is { } ratio ? HumanText.Percent(ratio) : HtmlFormat.Count(snapshot.Conntrack?.Entries),
            fill is null
                ? "entries"
                : $"{HtmlFormat.Count(snapshot.Conntrack?.Entries)} of {HtmlFormat.Count(snapshot.Conntrack?.Limit)} entries",
            HtmlChart.Level(fill, options));
        var forgets = snapshot.HostSettings?.CloseWaitSeconds;
        var recommended = (long)options.CloseWaitTimeout.TotalSeconds;
        Figure(
            html,
            "Forgets half-closed after",
            HtmlFormat.Seconds(forgets),
            $"on the host, {HtmlFormat.Seconds(recommended)} recommended",
            forgets < recommended ? "warning" : "");
    }

    private static void Figure(HtmlWriter html, string name, string value, string note, string level) =>
        html.Markup($"""<div class="{level}"><dt>{name}</dt><dd><strong>{value}</strong> <span>{note}</span></dd></div>""");
}
