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
            new("More", More(view, causes), Tone.Muted),
        ])],
        IsBrief: true);

    private static string More(ReportView view, ImmutableArray<ScreenCause> causes)
    {
        // Inside a pod the whole command is longer than a line, and was just typed.
        var whose = view.Input.Options.Pod is { } pod ? $" --pod {HumanText.Printable(pod)}" : "";
        var details = view.Commands is { Caller: Caller.Shell, Pod.Length: > 0 }
            ? "the same with --details"
            : view.Commands.AsTyped("closewatch report --details" + whose);
        var explain = view.Commands.Caller == Caller.Plugin ? view.Commands.AsTyped("closewatch explain ID") : "closewatch explain ID";
        var ids = string.Join(", ", causes.Select(static cause => $"{HumanText.Count(cause.Number)} {cause.Group.Worst.Id}"));
        return details + (causes.IsEmpty ? "" : $" · why, and how to check by hand: {explain} ({ids})");
    }
}
