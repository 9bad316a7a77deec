using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Reporting.Sections;

/// <summary>The oldest half-closed connections of each pod, and how old they all are.</summary>
internal static class ConnectionsSection
{
    private static readonly (string Label, TimeSpan Below)[] s_ages =
    [
        ("under 10s", TimeSpan.FromSeconds(10)), ("10s to 1m", TimeSpan.FromMinutes(1)), ("1m to 10m", TimeSpan.FromMinutes(10)),
        ("10m to 1h", TimeSpan.FromHours(1)), ("over 1h", TimeSpan.MaxValue),
    ];

    public static ReportSection? Build(ReportView view)
    {
        if (view.Connections.IsEmpty)
        {
            return null;
        }

        var blocks = ImmutableArray.CreateBuilder<ReportBlock>();
        var owners = view.Connections.GroupBy(static connection => connection.Owner)
            .OrderByDescending(group => Sockets(view, group.Key))
            .Take(view.Input.Options.Top ?? ReportOptions.DefaultTop);
        foreach (var group in owners)
        {
            var total = Math.Max(Sockets(view, group.Key), group.Count());
            blocks.Add(new TableBlock(
                $"{HumanText.Printable(group.Key.DisplayName)}: "
                + (total > group.Count() ? $"the {HumanText.Count(group.Count())} oldest of " : "") + HumanText.Count(total),
                [
                    new("local → remote"),
                    new("state"),
                    new("closed by"),
                    new("age", true),
                    new("unread", true),
                    new("process"),
                    new("conntrack")],
                [.. group.Select(connection => Row(connection, view.Peers))]));
        }

        blocks.Add(Ages(view));
        return new("Half-closed connections, oldest first", blocks.ToImmutable());
    }

    private static long Sockets(ReportView view, PodIdentity owner) =>
        view.Pods.FirstOrDefault(pod => pod.Identity == owner)?.HalfClosed.Sockets ?? 0;

    private static ImmutableArray<ReportCell> Row(HalfClosedConnection connection, PeerNames names) =>
    [
        TupleText.Arrow(connection.Tuple)
            + ((names.Find(connection) ?? connection.RealPeer?.ToString()) is { } peer ? $" ({HumanText.Printable(peer)})" : ""),
        StateNames.Of(connection.State),
        connection.ClosersDisagree
            ? new ReportCell($"{Closer(connection.ClosedBy)} (ct: {Closer(connection.ConntrackClosedBy)})", Tone.Notice)
            : Closer(connection.ClosedBy),
        (connection.AgeIsMinimum && connection.Age is not null ? ">" : "") + HumanText.Duration(connection.Age),
        HumanText.Bytes(connection.UnreadBytes),
        connection.Process is { } process ? HumanText.Printable(process.DisplayName) : connection.Inode == 0 ? "none" : HumanText.Unknown,
        Tracking(connection),
    ];

    private static string Closer(ClosedBy closedBy) => closedBy.ToString().ToLowerInvariant();

    private static ReportCell Tracking(HalfClosedConnection connection) => connection.Tracking switch
    {
        TrackingState.Untracked => new("none left", Tone.Critical),
        TrackingState.NotTracked => new("not tracked", Tone.Muted),
        TrackingState.Expiring => new(Entry(connection), Tone.Warning),
        TrackingState.Tracked => new(Entry(connection)),
        _ => new(connection.Entry is null ? HumanText.Unknown : Entry(connection), Tone.Muted),
    };

    private static string Entry(HalfClosedConnection connection) => connection.Entry is { } entry
        ? $"{(entry.Table == ConntrackTableKind.Host ? "host" : "pod")} {StateNames.Of(entry.State)} "
            + (entry.ExpiresIn is { } left ? HumanText.Duration(left) : "offloaded")
        : HumanText.Unknown;

    private static BarsBlock Ages(ReportView view)
    {
        // Of every connection the snapshot carries, not only of those printed.
        var all = view.Snapshot.Connections.Where(connection => view.Input.Options.Selects(connection.Owner)).ToArray();
        var bars = s_ages.Select((age, index) => new ReportBar(
            age.Label,
            all.Count(connection => connection.Age is { } known && known < age.Below && (index == 0 || known >= s_ages[index - 1].Below)),
            age.Below > TimeSpan.FromMinutes(1) ? Tone.Notice : Tone.Plain)).ToImmutableArray();
        var unknown = all.Count(static connection => connection.Age is null);
        return new("Ages", unknown == 0 ? bars : bars.Add(new("unknown", unknown, Tone.Muted)));
    }
}
