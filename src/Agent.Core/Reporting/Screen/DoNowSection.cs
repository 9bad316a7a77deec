using System.Collections.Immutable;
using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;

namespace Agent.Core.Reporting.Screen;

/// <summary>What to type: the best ways to repair each cause, and how to see it happen.</summary>
internal static class DoNowSection
{
    private const int FixesShown = 2;
    private const int WorkloadsShown = 3;

    // With more than so many causes only the best way to repair each has room.
    private const int ManyCauses = 2;

    /// <summary>Findings whose single events <c>closewatch trace</c> shows.</summary>
    private static readonly ImmutableHashSet<string> s_traced =
        [BackendClosesIdleFirstRule.Id, ResetOnReuseRule.Id, RequestsLostRule.Id, UpstreamClosesIdleFirstRule.Id];

    public static ReportSection? Build(ReportView view, ImmutableArray<ScreenCause> causes)
    {
        ImmutableArray<ReportAction> actions =
        [
            .. causes.Select(cause => new ReportAction(cause.Number, [.. Steps(view, cause, causes.Length > ManyCauses ? 1 : FixesShown)])),
            .. Unread(view),
        ];
        return actions.IsEmpty ? null : new("Do now", [new ActionsBlock(actions)], IsBrief: true);
    }

    /// <summary>What lets the sources be read that could not be, the best first.</summary>
    private static IEnumerable<ReportAction> Unread(ReportView view)
    {
        var fixes = view.Diagnosis.Findings
            .Where(finding => finding.Id == SourceUnavailableRule.Id && !finding.Fix.IsEmpty
                && view.Snapshot.Source(finding.Subject.Name) is not { Status: SourceStatus.Ok })
            .Select(static finding => (finding.Subject.Name, Fix: finding.Fix[0]))
            .GroupBy(static unread => unread.Fix)
            .Take(FixesShown);
        foreach (var fix in fixes)
        {
            var sources = string.Join(", ", fix.Select(static unread => unread.Name));
            var where = HumanText.Printable(FindingText.Where(fix.Key));
            yield return new(0, [new($"to read {sources}: {where}", HumanText.PrintableLines(fix.Key.Text))]);
        }
    }

    /// <summary>
    /// What to do about one cause, the best first; where that is all code and settings, first how to see what they are about.
    /// </summary>
    internal static IEnumerable<ReportStep> Steps(ReportView view, ScreenCause cause, int fixes)
    {
        var worst = cause.Group.Worst;
        var chosen = Choose(cause.Group, fixes).ToList();
        var steps = chosen
            .Select(static fix => new ReportStep(HumanText.Printable(FindingText.Where(fix)), HumanText.PrintableLines(fix.Text)));
        return chosen is [{ IsCommand: true, Condition: "" }, ..] ? steps : steps.Prepend(Look(view.Commands, worst));
    }

    /// <summary>Where several pods have it, what repairs whole workloads, instead of commands for the worst of the pods.</summary>
    private static IEnumerable<FindingFix> Choose(CauseGroup group, int fixes)
    {
        var whole = group.Members.Length > 1
            ? group.Members
                .SelectMany(static member => member.Fix)
                .Where(static fix => fix.IsOfWorkload)
                .DistinctBy(static fix => fix.Text)
                .Take(WorkloadsShown)
                .ToList()
            : [];
        var single = group.Worst.Fix.Where(fix => !fix.IsOfWorkload && (whole.Count == 0 || !fix.IsCommand));
        return [.. whole, .. single.Take(whole.Count == 0 ? fixes : fixes - 1)];
    }

    /// <summary>The command that shows what a repair without one is about: single requests as they are lost, or every connection.</summary>
    private static ReportStep Look(OwnCommands commands, Finding finding)
    {
        var whose = finding.Subject.IsOfNode ? "" : $" --pod {HumanText.Printable(finding.Subject.DisplayName)}";
        return s_traced.Contains(finding.Id)
            ? new("see it happen", commands.AsTyped("closewatch trace --lost" + whose))
            : new("see all of it", commands.AsTyped("closewatch report --details" + whose));
    }
}
