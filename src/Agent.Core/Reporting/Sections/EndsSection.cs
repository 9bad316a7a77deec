using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Core.Reporting.Screen;

namespace Agent.Core.Reporting.Sections;

/// <summary>How connections ended: by kind, after how long idle, and which requests were lost with them.</summary>
internal static class EndsSection
{
    public static ReportSection? Build(ReportView view)
    {
        var heard = view.Pods
            .Where(static pod => pod.Ends is { } ends && ends.Server.Total + ends.Client.Total > 0)
            .Take(view.Input.Options.Top ?? ReportOptions.DefaultTop)
            .ToArray();
        if (heard.Length == 0)
        {
            return null;
        }

        var blocks = ImmutableArray.CreateBuilder<ReportBlock>();
        blocks.Add(new TextBlock(Hearing(view), Tone.Muted));
        blocks.Add(new TableBlock(
            "",
            [new("pod"), new("as"), .. EndNames.Kinds.Select(static kind => new ReportColumn(Title(kind), true)), new("watched", true)],
            [
                .. from pod in heard
                   from role in EndNames.Roles
                   where Of(pod, role).Total > 0
                   select Row(pod, role),
            ]));
        var idle = heard.SelectMany(static pod => pod.Ends!.IdleCloses.Select(closes => (pod, closes))).ToArray();
        if (idle.Length > 0)
        {
            blocks.Add(new TableBlock(
                "Closed first by the pod while idle",
                [new("pod"), new("port", true), new("count", true), new("half by", true), new("90% by", true)],
                [.. idle.Select(static row => ImmutableArray.Create<ReportCell>(
                    HumanText.Printable(row.pod.Identity.DisplayName),
                    row.closes.Port.ToString(CultureInfo.InvariantCulture),
                    HumanText.Count(row.closes.Count),
                    HumanText.Duration(row.closes.Median),
                    HumanText.Duration(row.closes.Percentile90)))]));
        }

        if (LostRequestsSection.Table(view, heard.Length * 8) is { } lost)
        {
            blocks.Add(lost with { Caption = "Lost requests" });
        }

        return new("Ends of connections", blocks.ToImmutable());
    }

    private static string Hearing(ReportView view) => view.Snapshot.ConnectionEnds is not { } ends
        ? "How much was missed is not known."
        : $"Heard {HumanText.Count(ends.Seen, "end")} in {HumanText.Duration(ends.Watched)}, "
            + $"missed at most {HumanText.Count(ends.Missed)}; watched {HumanText.Percent(ends.WatchedShare)} of the time.";

    // Narrow columns: the names are those of the contract, with their words below each other.
    private static string Title(EndKind kind) => EndNames.Of(kind).Replace('_', '\n');

    private static EndCounts Of(PodSnapshot pod, EndRole role) => role == EndRole.Server ? pod.Ends!.Server : pod.Ends!.Client;

    private static ImmutableArray<ReportCell> Row(PodSnapshot pod, EndRole role) =>
    [
        HumanText.Printable(pod.Identity.DisplayName),
        EndNames.Of(role),
        .. EndNames.Kinds.Select(kind => new ReportCell(HumanText.Count(Of(pod, role)[kind]))),
        HumanText.Duration(pod.Ends!.Watched),
    ];
}
