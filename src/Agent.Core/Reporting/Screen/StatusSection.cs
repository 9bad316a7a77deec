using System.Collections.Immutable;

namespace Agent.Core.Reporting.Screen;

/// <summary>The last lines: the node itself, then notes.</summary>
internal static class StatusSection
{
    public static ReportSection Build(ReportView view, ImmutableArray<ScreenCause> causes) => new(
        "",
        [new FactsBlock(
        [
            .. NodeSection.Facts(view),
            .. NotesSection.Facts(view),
            new("More", More(causes), Tone.Muted),
        ])],
        IsBrief: true);

    private static string More(ImmutableArray<ScreenCause> causes)
    {
        var ids = string.Join(", ", causes.Select(static cause => $"{HumanText.Count(cause.Number)} {cause.Group.Worst.Id}"));
        return "closewatch report --details"
            + (causes.IsEmpty ? "" : $" · why, and how to check by hand: closewatch explain ID ({ids})");
    }
}
