using System.Collections.Immutable;
using Agent.Core.Diagnosis;

namespace Agent.Core.Reporting.Screen;

/// <summary>What is wrong, a row a cause: how bad, what, who, since when.</summary>
internal static class CausesSection
{
    public static ReportSection? Build(ReportView view, ImmutableArray<ScreenCause> causes) => causes.IsEmpty ? null : new(
        "",
        [
            new TableBlock(
                "",
                [
                    new("#", true), new(""), new("what", Fit: ColumnFit.Prose), new("who", Fit: ColumnFit.Name),
                    new("since", IsJoined: true),
                ],
                [.. causes.Select(cause => Row(view, cause))]),
        ],
        IsBrief: true,
        IsOfHead: true);

    /// <summary>Clock time and age, in two lines; a single scan knows only that it is so now.</summary>
    public static string Since(ReportView view, DateTimeOffset? since, string separator = "\n") => since is not { } first ? "this scan"
        : first >= view.Snapshot.TakenAt ? "just now"
        : HumanText.ClockOf(first, view.Snapshot.TakenAt) + $"{separator}({HumanText.Duration(view.Snapshot.TakenAt - first)})";

    private static ImmutableArray<ReportCell> Row(ReportView view, ScreenCause cause) =>
    [
        HumanText.Count(cause.Number),
        new(cause.Severity == Severity.Critical ? "CRIT" : "WARN", ReportDocumentBuilder.ToneOf(cause.Severity)),
        cause.What,
        string.Join('\n', cause.Who),
        Since(view, cause.Group.Since),
    ];
}
