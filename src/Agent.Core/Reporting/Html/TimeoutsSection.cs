using System.Collections.Immutable;
using Agent.Core.Model;
using static Agent.Core.Reporting.Html.HtmlTable;

namespace Agent.Core.Reporting.Html;

/// <summary>How long conntrack remembers what, on the host and in pods whose own namespace differs.</summary>
internal static class TimeoutsSection
{
    public static void Write(HtmlWriter html, Snapshot snapshot, HtmlReportOptions options)
    {
        if (snapshot.HostSettings is not { } host)
        {
            return;
        }

        var recommended = (long)options.Diagnosis.CloseWaitTimeout.TotalSeconds;
        html.Markup($"""<section aria-labelledby="timeouts-title"><h2 id="timeouts-title">Conntrack timeouts</h2><div class="columns">""");
        HtmlTable.Open(
            html,
            "timeouts-caption",
            "Settings of the host, below net.netfilter.nf_conntrack_",
            sortable: false,
            "Setting",
            Number("Value"),
            Number("Recommended"));
        foreach (var (name, seconds) in host.Timeouts)
        {
            var isCloseWait = name == NetfilterSettings.CloseWait;
            html.Markup($"""<tr><th scope="row"><code>{name}</code></th>""");
            html.Markup($"""<td class="number {(isCloseWait && seconds < recommended ? "warning" : "")}">{HtmlFormat.Seconds(seconds)}""");
            html.Markup($"""</td><td class="number">{(isCloseWait ? $"at least {HtmlFormat.Seconds(recommended)}" : "–")}</td></tr>""");
        }

        HtmlTable.Close(html);
        WritePods(html, snapshot, host, recommended, options.MaxPods);
        html.Markup($"</div></section>");
    }

    private static void WritePods(HtmlWriter html, Snapshot snapshot, NetfilterSettings host, long recommended, int limit)
    {
        var differences = snapshot.Pods
            .Where(static pod => pod.Settings is not null)
            .SelectMany(pod => pod.Settings!.Timeouts
                .Where(timeout => host.Get(timeout.Key) != timeout.Value)
                .Select(timeout => (pod.Identity, timeout.Key, timeout.Value)))
            .ToImmutableArray();
        if (differences.IsEmpty)
        {
            return;
        }

        HtmlTable.Open(
            html,
            "pod-timeouts-caption",
            "Pods whose own network namespace differs from the host",
            sortable: false,
            "Pod",
            "Setting",
            Number("Value"),
            Number("Host"));
        foreach (var (owner, name, seconds) in differences.Take(limit))
        {
            html.Markup($"""<tr><th scope="row">{owner.DisplayName}</th><td><code>{name}</code></td>""");
            var level = name == NetfilterSettings.CloseWait && seconds < recommended ? "warning" : "";
            html.Markup($"""<td class="number {level}">{HtmlFormat.Seconds(seconds)}""");
            html.Markup($"""</td><td class="number">{HtmlFormat.Seconds(host.Get(name))}</td></tr>""");
        }

        HtmlTable.Close(html);
    }
}
