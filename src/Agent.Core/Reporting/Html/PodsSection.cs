using Agent.Core.Model;
using Agent.Kernel.SockDiag;
using static Agent.Core.Reporting.Html.HtmlTable;

namespace Agent.Core.Reporting.Html;

/// <summary>Every pod, the host and other namespaces, with their half-closed connections.</summary>
internal static class PodsSection
{
    public static void Write(HtmlWriter html, Snapshot snapshot, HtmlReportOptions options)
    {
        html.Markup($"""<section aria-labelledby="pods-title"><h2 id="pods-title">Half-closed connections by pod</h2>""");
        if (snapshot.Pods.IsEmpty)
        {
            html.Markup($"""<p class="empty">No pod or network namespace could be read; see the sources below.</p></section>""");
            return;
        }

        HtmlTable.Open(
            html,
            "pods-caption",
            "CLOSE_WAIT: the peer closed first and the pod has not. FIN_WAIT: the pod closed first and the peer has not. "
            + "Conntrack: entries in the host's and in the pod's own table.",
            sortable: true,
            "Pod",
            "State",
            Number("CLOSE_WAIT"),
            Number("FIN_WAIT"),
            Number("Oldest"),
            Number("Expiring"),
            Number("Untracked"),
            Number("Unread"),
            Number("Conntrack"),
            Number("Established"),
            Number("Resets sent"),
            Number("Forgets after"));
        foreach (var pod in snapshot.Pods.Take(options.MaxPods))
        {
            WriteRow(html, snapshot, pod, (long)options.Diagnosis.CloseWaitTimeout.TotalSeconds);
        }

        HtmlTable.Close(html);
        WriteRest(html, snapshot, options);
        html.Markup($"</section>");
    }

    private static void WriteRow(HtmlWriter html, Snapshot snapshot, PodSnapshot pod, long recommended)
    {
        var halfClosed = pod.HalfClosed;
        var workload = pod.Kubernetes?.Workload?.DisplayName ?? (pod.HostNetwork ? "host network" : "");
        html.Markup($"""<tr><th scope="row">{pod.Identity.DisplayName}{(workload.Length == 0 ? "" : " ")}<small>{workload}</small>""");
        html.Markup($"""</th><td>{State(pod.Kubernetes)}</td>""");
        HtmlTable.Count(html, halfClosed.CloseWaitSockets, "strong");
        HtmlTable.Count(html, halfClosed.FinWait1Sockets + halfClosed.FinWait2Sockets, "strong");
        HtmlTable.Duration(html, halfClosed.Oldest);
        HtmlTable.Count(html, halfClosed.Expiring, "warning");
        HtmlTable.Count(html, halfClosed.Untracked, "critical");
        HtmlTable.Number(
            html, halfClosed.UnreadBytes, HumanText.Bytes(halfClosed.UnreadBytes), halfClosed.UnreadBytes == 0 ? "quiet" : "");
        WriteEntries(html, snapshot, pod);
        HtmlTable.Count(html, pod.Tcp?[TcpState.Established]);
        HtmlTable.Count(html, (long?)pod.Counters?.ResetsSent);
        // A pod's own table matters only where the pod tracks by itself, as in a mesh.
        var forgets = (pod.TracksByItself ? pod.Settings : snapshot.HostSettings)?.CloseWaitSeconds;
        HtmlTable.Duration(html, forgets is { } seconds
            ? TimeSpan.FromSeconds(seconds)
            : null, level: forgets < recommended && halfClosed.Sockets > 0
            ? "warning"
            : "");
        html.Markup($"</tr>");
    }

    /// <summary>Of the host's table and of the pod's own, each unknown where it was not read.</summary>
    private static void WriteEntries(HtmlWriter html, Snapshot snapshot, PodSnapshot pod)
    {
        var entries = pod.HalfClosed.Entries;
        var (inHost, inPod) = (entries.Sum(ConntrackTableKind.Host), entries.Sum(ConntrackTableKind.Pod));
        var hasOwn = pod.Identity.Kind != PodKind.Host && !pod.HostNetwork;
        var own = (pod.OwnTableIsKnown || !hasOwn, inPod) switch
        {
            (true, 0) => "",
            (false, 0) => $" + {HtmlFormat.Unknown}",
            _ => $" + {HtmlFormat.Count(inPod)}",
        };
        var text = HtmlFormat.Count(snapshot.Conntrack?.Flows is null ? null : inHost) + own;
        HtmlTable.Number(html, inHost + inPod, text, inHost + inPod == 0 ? "quiet" : "");
    }

    private static string State(KubernetesPod? pod) => pod switch
    {
        null => "–",
        { DeletionTimestamp: not null } => "terminating",
        { Ready: true } => "ready",
        { Ready: false } => "not ready",
        _ => pod.Phase,
    };

    private static void WriteRest(HtmlWriter html, Snapshot snapshot, HtmlReportOptions options)
    {
        if (snapshot.Pods.Length > options.MaxPods)
        {
            html.Markup($"""<p class="note">{HumanText.Count(snapshot.Pods.Length - options.MaxPods, "more row")} """);
            html.Markup($"with fewer half-closed connections left out; ");
            html.Markup($"""<code>closewatch report -o json</code> has all.</p>""");
        }

        if (snapshot.UnattributedHalfClosedSockets > 0)
        {
            html.Markup($"""<p class="note">{HumanText.Count(snapshot.UnattributedHalfClosedSockets.Value, "half-closed socket")} """);
            html.Markup($"could not be attributed to a pod.</p>");
        }

        if (snapshot.UnattributedHalfClosedFlows is { } flows && flows.FinWait + flows.CloseWait > 0)
        {
            html.Markup($"""<p class="note">{HtmlFormat.Count(flows.FinWait + flows.CloseWait)} half-closed conntrack entries """);
            html.Markup($"of the host's table have neither end on this node.</p>");
        }
    }
}
