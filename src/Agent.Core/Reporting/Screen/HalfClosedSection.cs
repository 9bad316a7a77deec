using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Model;

namespace Agent.Core.Reporting.Screen;

/// <summary>Half-closed connections that stay, grouped, so that no two rows say the same.</summary>
internal static class HalfClosedSection
{
    /// <summary>A connection that is being closed properly is half-closed for less than this.</summary>
    public static readonly TimeSpan Passing = TimeSpan.FromSeconds(10);

    private const int RowsShown = 15;

    public static ReportSection? Build(ReportView view)
    {
        var groups = HalfClosedGroup.Of(view).Where(IsWorthARow).ToArray();
        if (groups.Length == 0)
        {
            return null;
        }

        var rows = Math.Min(view.Input.Options.Top ?? RowsShown, groups.Length);
        var blocks = ImmutableArray.CreateBuilder<ReportBlock>();
        blocks.Add(new TableBlock(
            "",
            [
                new("pod", Fit: ColumnFit.Name), new("port"), new("state"), new("count", true), new("oldest", true), new("conntrack"),
                new("process, peer", Fit: ColumnFit.Name),
            ],
            [.. groups.Take(rows).Select(Row)]));
        if (groups.Length > rows)
        {
            var rest = groups.Skip(rows).Sum(static group => group.Connections.Length);
            blocks.Add(new TextBlock(
                $"+{HumanText.Count(rest, "connection")} in {HumanText.Count(groups.Length - rows)} more rows: --details", Tone.Muted));
        }

        return new($"Half-closed: {Total(view)}", blocks.ToImmutable(), IsBrief: true);
    }

    /// <summary><c>37 connections in 2 of 43 pods</c>; null when sockets could not be read.</summary>
    public static string? Total(ReportView view)
    {
        if (!view.SocketsKnown)
        {
            return null;
        }

        var concerned = view.Pods.Where(static pod => pod.HalfClosed.Sockets > 0).ToArray();
        var connections = concerned.Sum(static pod => pod.HalfClosed.Sockets);
        return $"{HumanText.Count(connections, "connection")} in {HumanText.Count(concerned.Length)} of "
            + (view.Pods.Any(static pod => pod.Identity.Kind == PodKind.Pod)
                ? HumanText.Count(view.Pods.Length, "pod")
                : HumanText.Count(view.Pods.Length, "namespace"));
    }

    private static bool IsWorthARow(HalfClosedGroup group) =>
        group.Count(TrackingState.Untracked) > 0
        || group.Count(TrackingState.Expiring) > 0
        || group.Oldest is not { Age: { } age }
        || age >= Passing;

    private static ImmutableArray<ReportCell> Row(HalfClosedGroup group) =>
    [
        HumanText.Printable(group.Owner.DisplayName),
        (group.IsServer ? "" : "→") + group.Port.ToString(CultureInfo.InvariantCulture),
        StateNames.Of(group.State),
        (group.IsMinimum ? "≥" : "") + HumanText.Count(group.Connections.Length),
        (group.Oldest is { AgeIsMinimum: true } ? ">" : "") + HumanText.Duration(group.Oldest?.Age),
        Tracking(group),
        $"{Process(group)}, {Peer(group)}",
    ];

    /// <summary>What the tracker knows of them, the worst first.</summary>
    internal static ReportCell Tracking(HalfClosedGroup group)
    {
        var forgotten = group.Count(TrackingState.Untracked);
        var expiring = group.Count(TrackingState.Expiring);
        if (forgotten + expiring > 0)
        {
            return new(
                string.Join(
                    '\n',
                    new[]
                    {
                        forgotten > 0 ? $"{HumanText.Count(forgotten)} forgotten" : "",
                        expiring > 0 ? $"{HumanText.Count(expiring)} expiring" : "",
                    }.Where(static part => part.Length > 0)),
                forgotten > 0 ? Tone.Critical : Tone.Warning);
        }

        return group.Count(TrackingState.Tracked) > 0 ? new("tracked")
            : group.Count(TrackingState.NotTracked) > 0 ? new("not tracked", Tone.Muted)
            : new(HumanText.Unknown, Tone.Muted);
    }

    /// <summary><c>java(1)</c>, or how many processes of the same program there are.</summary>
    internal static string Process(HalfClosedGroup group)
    {
        if (group.Process is not { Length: > 0 } program)
        {
            return group.Process is null ? "process ?" : "no process";
        }

        var ids = group.Connections.Where(static connection => connection.Process is not null)
            .Select(static connection => connection.Process!.Pid)
            .Distinct()
            .ToArray();
        return HumanText.Printable(ids is [var only] ? new OwnerProcess(program, only).DisplayName : $"{program} ({ids.Length} processes)");
    }

    /// <summary>Who is at the other end.</summary>
    internal static string Peer(HalfClosedGroup group) =>
        group.Peers is [var only] ? HumanText.Printable(only) : $"{HumanText.Count(group.Peers.Length)} peers";
}
