using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Model;

namespace Agent.Core.Reporting.Sections;

/// <summary>Resets, aborts and refused connections of each network namespace; rates where there were two scans.</summary>
internal static class CountersSection
{
    public static ReportSection? Build(ReportView view)
    {
        var rows = view.Pods.Where(static pod => pod.Counters is not null)
            .Select(pod => (pod, Values: PodCounters.All.Select(counter => counter.Read(pod.Counters!)).ToArray()))
            .Where(static row => row.Values.Any(static value => value > 0))
            .OrderByDescending(static row => row.Values.Aggregate(0UL, static (sum, value) => sum + (value ?? 0)))
            .ToArray();
        if (rows.Length == 0)
        {
            return null;
        }

        var table = new TableBlock(
            "",
            [new("pod"), .. PodCounters.All.Select(static counter => new ReportColumn(counter.Title, true))],
            [.. rows.Take(view.Input.Options.Top ?? ReportOptions.DefaultTop).Select(row => Row(view, row.pod))]);
        return new(
            view.Window is null
                ? "Resets and refused connections since each namespace was made"
                : "Resets and refused connections, per second",
            [table]);
    }

    private static ImmutableArray<ReportCell> Row(ReportView view, PodSnapshot pod) =>
    [
        HumanText.Printable(pod.Identity.DisplayName),
        .. PodCounters.All.Select(counter => new ReportCell(Value(view, pod, counter))),
    ];

    private static string Value(ReportView view, PodSnapshot pod, PodCounters.Counter counter)
    {
        if (view.Window is not { } window)
        {
            return HumanText.Count((long?)counter.Read(pod.Counters!));
        }

        var before = view.Earlier(pod)?.Counters is { } earlier ? counter.Read(earlier) : null;
        return Rates.PerSecond(before, counter.Read(pod.Counters!), window)?.ToString("0.##", CultureInfo.InvariantCulture)
            ?? HumanText.Unknown;
    }
}
