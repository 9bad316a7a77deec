using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Reporting.Sections;

/// <summary>What each source read, what is missing and what that costs.</summary>
internal static class SourcesSection
{
    public static ReportSection? Build(ReportView view) => view.Snapshot.Sources.IsEmpty ? null : new(
        "Sources",
        [
            new TableBlock(
                "",
                [new("source"), new("by"), new("status"), new("records", true), new("time", true), new("missing")],
                [.. view.Snapshot.Sources.Select(Row)]),
        ]);

    private static ImmutableArray<ReportCell> Row(SourceReport source) =>
    [
        source.Name,
        source.Backend,
        new(source.Status.ToString().ToLowerInvariant(), source.Status switch
        {
            SourceStatus.Ok => Tone.Good,
            SourceStatus.Degraded => Tone.Notice,
            _ => Tone.Warning,
        }),
        HumanText.Count(source.Records),
        HumanText.Duration(TimeSpan.FromMilliseconds(Math.Round(source.Duration.TotalMilliseconds, 0))),
        HumanText.Printable(source.Detail),
    ];
}
