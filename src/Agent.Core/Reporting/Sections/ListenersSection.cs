using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Model;

namespace Agent.Core.Reporting.Sections;

/// <summary>Ports with connections that wait to be accepted, or that the pod closed first.</summary>
internal static class ListenersSection
{
    public static ReportSection? Build(ReportView view)
    {
        var rows = view.Pods
            .SelectMany(static pod => pod.Listeners.Select(listener => (pod, listener)))
            .Where(row => view.Input.Options.IsFiltered || row.listener.Queued > 0 || row.listener.ClosedByPodFirst > 0)
            .OrderByDescending(static row => row.listener.Queued)
            .ThenByDescending(static row => row.listener.ClosedByPodFirst)
            .ToArray();
        if (rows.Length == 0)
        {
            return null;
        }

        var shown = rows.Take(view.Input.Options.Top ?? ReportOptions.DefaultTop).ToArray();
        var table = new TableBlock(
            "",
            [
                new("pod"), new("port", true), new("address"), new("queued", true), new("limit", true), new("estab-\nlished", true),
                new("closed by\npod first", true), new("longest\nidle", true),
            ],
            [.. shown.Select(static row => Row(row.pod, row.listener))]);
        return new(
            "Listening ports",
            shown.Length == rows.Length
                ? [table]
                : [table, new TextBlock($"{HumanText.Count(rows.Length - shown.Length)} more: --top N shows more.", Tone.Muted)]);
    }

    private static ImmutableArray<ReportCell> Row(PodSnapshot pod, Listener listener) =>
    [
        HumanText.Printable(pod.Identity.DisplayName),
        listener.Port.ToString(CultureInfo.InvariantCulture),
        listener.Address.IsUnspecified ? "any" : listener.Address.ToString(),
        new(
            HumanText.Count(listener.Queued),
            listener.Queued == 0 ? Tone.Plain : listener.Queued >= listener.Backlog ? Tone.Critical : Tone.Notice),
        HumanText.Count(listener.Backlog),
        HumanText.Count(listener.Established),
        HumanText.Count(listener.ClosedByPodFirst),
        listener.Idle is { } idle ? HumanText.Duration(idle.Ceiling) : "",
    ];
}
