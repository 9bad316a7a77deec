using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Model;
using Agent.Kernel.Conntrack;

namespace Agent.Core.Reporting.Sections;

/// <summary>How full the host's conntrack table is, of what, and what the tracker counted.</summary>
internal static class ConntrackSection
{
    public static ReportSection? Build(ReportView view)
    {
        if (view.Snapshot.Conntrack is not { } conntrack)
        {
            return null;
        }

        var blocks = ImmutableArray.CreateBuilder<ReportBlock>();
        blocks.Add(Use(view, conntrack));
        if (conntrack.Flows is { } flows)
        {
            blocks.Add(new BarsBlock("By protocol", [.. flows.ByProtocol.Select(static flow => new ReportBar(flow.Protocol, flow.Count))]));
            blocks.Add(new BarsBlock(
                "TCP by state",
                [.. flows.ByTcpState.Select(static flow =>
                    new ReportBar(flow.State, flow.Count, IsHalfClosed(flow.State) ? Tone.Notice : Tone.Plain))]));
            blocks.AddRange(TableUseBlocks.Build(view, flows));
        }

        if (conntrack.Statistics is { } statistics)
        {
            blocks.Add(Statistics(view, statistics));
        }

        return new("Conntrack table of the host", blocks.ToImmutable());
    }

    private static bool IsHalfClosed(string state) => state is "fin_wait" or "close_wait";

    private static ReportBlock Use(ReportView view, ConntrackSummary conntrack)
    {
        var buckets = conntrack.Buckets is { } known ? $", {HumanText.Count(known)} buckets" : "";
        if (conntrack.FillRatio is not { } ratio)
        {
            var limit = conntrack.Limit is 0 ? "no limit" : $"limit {HumanText.Count(conntrack.Limit)}";
            return new TextBlock($"{HumanText.Count(conntrack.Entries ?? conntrack.Flows?.Total)} entries, {limit}{buckets}");
        }

        var thresholds = view.Input.Thresholds;
        var tone = ratio >= thresholds.TablePressureCritical
            ? Tone.Critical
            : ratio >= thresholds.TablePressureWarning
            ? Tone.Warning
            : Tone.Good;
        return new GaugeBlock(
            "Table use",
            ratio,
            $"{HumanText.Percent(ratio)}  {HumanText.Count(conntrack.Entries)} of {HumanText.Count(conntrack.Limit)} entries{buckets}",
            tone);
    }

    private static TableBlock Statistics(ReportView view, ConntrackStatistics now)
    {
        var before = view.Input.Previous?.Conntrack?.Statistics;
        var rows = ConntrackCounters.All
            .Select(counter => (counter, Value: counter.Read(now)))
            .Where(static row => row.Value is > 0 || (row.Value is 0 && row.counter.IsLoss))
            .Select(row =>
            {
                var rate = view.Window is { } window && before is not null
                    ? Rates.PerSecond(row.counter.Read(before), row.Value, window)
                    : null;
                var tone = row.counter.IsLoss && row.Value > 0 ? Tone.Notice : Tone.Plain;
                ImmutableArray<ReportCell> cells = [row.counter.Name, new(HumanText.Count((long?)row.Value), tone)];
                return before is null ? cells : cells.Insert(2, rate?.ToString("0.##", CultureInfo.InvariantCulture) ?? HumanText.Unknown);
            });
        ImmutableArray<ReportColumn> columns = [new("counter"), new("since boot", true)];
        return new("Counters", before is null ? columns : columns.Add(new("per second", true)), [.. rows]);
    }
}
