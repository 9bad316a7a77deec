using System.Collections.Immutable;
using Agent.Core.Model;
using static Agent.Core.Reporting.Html.HtmlTable;

namespace Agent.Core.Reporting.Html;

/// <summary>Sample half-closed connections, how old they are, and how long their peers had idled before they closed.</summary>
internal static class ConnectionsSection
{
    private static readonly ImmutableArray<(string Label, TimeSpan Below)> s_ages =
    [
        ("under 10 s", TimeSpan.FromSeconds(10)),
        ("10 to 60 s", TimeSpan.FromSeconds(60)),
        ("1 to 5 min", TimeSpan.FromMinutes(5)),
        ("5 to 60 min", TimeSpan.FromHours(1)),
        ("1 to 24 h", TimeSpan.FromDays(1)),
        ("over a day", TimeSpan.MaxValue),
    ];

    public static void Write(HtmlWriter html, Snapshot snapshot, HtmlReportOptions options)
    {
        if (snapshot.Connections.IsEmpty)
        {
            return;
        }

        html.Markup($"""<section aria-labelledby="connections-title"><h2 id="connections-title">Connections</h2><div class="columns">""");
        WriteHistogram(html, "ages-caption", "How long they have been half-closed", snapshot.Connections
            .Select(static connection => connection.Age));
        WriteHistogram(html, "idle-before-caption", "How long the peer had been idle before it closed", snapshot.Connections
            .Select(static connection => connection.IdleBeforeClose));
        html.Markup($"</div>");
        html.Markup($"<details><summary>Single connections</summary>");
        WriteSamples(html, snapshot, options);
        html.Markup($"</details></section>");
    }

    private static void WriteHistogram(HtmlWriter html, string id, string caption, IEnumerable<TimeSpan?> durations)
    {
        var counts = new long[s_ages.Length];
        long unknown = 0;
        foreach (var duration in durations)
        {
            if (duration is { } known)
            {
                var bucket = 0;
                while (known >= s_ages[bucket].Below)
                {
                    bucket++;
                }

                counts[bucket]++;
            }
            else
            {
                unknown++;
            }
        }

        var total = counts.Sum();
        if (total == 0)
        {
            return;
        }

        HtmlTable.Open(
            html,
            id,
            $"{caption}: {HumanText.Count(total, "connection")}{(unknown == 0 ? "" : $", {HtmlFormat.Count(unknown)} unknown")}",
            sortable: false,
            "Time",
            Number("Connections"),
            "Share");
        for (var bucket = 0; bucket < counts.Length; bucket++)
        {
            html.Markup($"""<tr><th scope="row">{s_ages[bucket].Label}</th>""");
            HtmlTable.Count(html, counts[bucket]);
            html.Markup($"""<td class="drawing">""");
            HtmlChart.Bar(html, (double)counts[bucket] / counts.Max());
            html.Markup($"</td></tr>");
        }

        HtmlTable.Close(html);
    }

    private static void WriteSamples(HtmlWriter html, Snapshot snapshot, HtmlReportOptions options)
    {
        var samples = snapshot.Connections
            .GroupBy(static connection => connection.Owner)
            .SelectMany(group => group.Take(options.ConnectionsPerPod))
            .ToImmutableArray();
        HtmlTable.Open(
            html,
            "connections-caption",
            $"Samples, at most {options.ConnectionsPerPod} of each pod, oldest first",
            sortable: true,
            "Pod", "Local", "Remote", "Socket", Number("Age"), Number("Idle before"), Number("Unread"), "Conntrack");
        var names = PeerNames.Of(snapshot);
        foreach (var connection in samples)
        {
            WriteRow(html, connection, names.Find(connection) ?? connection.RealPeer?.ToString());
        }

        HtmlTable.Close(html);
    }

    private static void WriteRow(HtmlWriter html, HalfClosedConnection connection, string? peer)
    {
        var tuple = connection.Tuple;
        html.Markup($"""
            <tr><th scope="row">{connection.Owner.DisplayName} <small>{connection.Process?.DisplayName}</small></th>
            <td class="address">{tuple.Source.ToString(tuple.SourcePort)}</td>
            <td class="address">{tuple.Destination.ToString(tuple.DestinationPort)} <small>{peer}</small></td>
            <td>{StateNames.Of(connection.State).ToUpperInvariant()} <small>{Closer(connection)}</small></td>
            """);
        HtmlTable.Duration(html, connection.Age, connection.AgeIsMinimum ? "over " : "");
        HtmlTable.Duration(html, connection.IdleBeforeClose);
        HtmlTable.Number(
            html, connection.UnreadBytes, HumanText.Bytes(connection.UnreadBytes), connection.UnreadBytes == 0 ? "quiet" : "");
        var (text, level) = Tracking(connection);
        html.Markup($"""<td class="{level}">{text}</td></tr>""");
    }

    private static string Closer(HalfClosedConnection connection)
    {
        var conntrack = connection.ClosersDisagree ? $"; conntrack says {Name(connection.ConntrackClosedBy)}" : "";
        return $"closed by {Name(connection.ClosedBy)}{conntrack}";
    }

    private static string Name(ClosedBy closer) => closer switch
    {
        ClosedBy.Pod => "pod",
        ClosedBy.Peer => "peer",
        _ => HtmlFormat.Unknown,
    };

    private static (string Text, string Level) Tracking(HalfClosedConnection connection) => connection.Tracking switch
    {
        TrackingState.Untracked => ("forgotten", "critical"),
        TrackingState.NotTracked => ("not tracked", "quiet"),
        TrackingState.Expiring => (Entry(connection.Entry), "warning"),
        TrackingState.Tracked => (Entry(connection.Entry), ""),
        _ => (HtmlFormat.Unknown, "quiet"),
    };

    private static string Entry(ConntrackEntry? entry) => entry is null
        ? "tracked"
        : $"{(entry.Table == ConntrackTableKind.Host ? "host" : "pod")}: {StateNames.Of(entry.State).ToUpperInvariant()}"
            + (entry.ExpiresIn is { } left ? $", {HtmlFormat.Duration(left)} left" : "");
}
