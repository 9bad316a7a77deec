using System.Collections.Immutable;
using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;

namespace Agent.Core.Reporting.Screen;

/// <summary>Who fills the conntrack table and with connections to where; on the screen only where the table is what is wrong.</summary>
internal static class TableUseSection
{
    private const int RowsShown = 5;

    private static readonly ImmutableHashSet<string> s_ofTheTable =
        [ConntrackTablePressureRule.Id, ConntrackDropsRule.Id, SnatPortPressureRule.Id];

    public static ReportSection? Build(ReportView view)
    {
        var isWrong = view.Diagnosis.Findings.Any(
            static finding => finding.Severity > Severity.Info && s_ofTheTable.Contains(finding.Id));
        return isWrong && Table(view, RowsShown) is { } table ? new("Who fills the conntrack table", [table], IsBrief: true) : null;
    }

    /// <summary>The owners with the most entries, with the destinations of each; null when the table was not counted.</summary>
    public static TableBlock? Table(ReportView view, int most)
    {
        if (view.Snapshot.Conntrack?.Flows is not { Total: > 0 } flows)
        {
            return null;
        }

        ImmutableArray<ImmutableArray<ReportCell>> rows =
        [
            .. flows.Use.Users
                .Where(user => user.Identity is null ? !view.Input.Options.IsFiltered : view.Input.Options.Selects(user.Identity))
                .Take(most)
                .Select(user => Row(user, flows.Total)),
        ];
        return rows.IsEmpty ? null : new(
            "",
            [new("pod", Fit: ColumnFit.Name), new("entries", true), new("share", true), new("mostly to", Fit: ColumnFit.Prose)],
            rows);
    }

    private static ImmutableArray<ReportCell> Row(TableUser user, long total) =>
    [
        user.Identity is { } identity ? HumanText.Printable(identity.DisplayName) : "nobody on this node",
        HumanText.Count(user.Entries.Total),
        HumanText.Percent((double)user.Entries.Total / total),
        string.Join(", ", user.Destinations.Take(2).Select(Destination)),
    ];

    private static string Destination(TableDestination destination)
    {
        var name = destination.Place.Target is { } target ? $" ({HumanText.Printable(target.DisplayName)})" : "";
        var about = destination.Error > 0 ? "about " : "";
        return $"{destination.Place.Protocol} {destination.Place.Destination}{name} {about}{HumanText.Count(destination.Entries)}";
    }
}
