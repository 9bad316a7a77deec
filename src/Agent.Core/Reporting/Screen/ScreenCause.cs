using System.Collections.Immutable;
using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;

namespace Agent.Core.Reporting.Screen;

/// <summary>A cause that does harm or will, as one row: who has the same one shares it.</summary>
/// <param name="Number">Its place, from 1.</param>
/// <param name="Group">The findings.</param>
/// <param name="What">What happens, with the numbers of the worst; without its name.</param>
/// <param name="Who">Whom it is about, and whom it hits; a line each.</param>
internal sealed record ScreenCause(int Number, CauseGroup Group, string What, ImmutableArray<string> Who)
{
    private const int NamesShown = 3;

    public Severity Severity => Group.Worst.Severity;

    /// <summary>Causes of the view, worst first; notes are none, and what could not be read causes nothing.</summary>
    public static ImmutableArray<ScreenCause> Of(ReportView view)
    {
        var owners = view.Pods.ToLookup(static pod => FindingSubject.Of(pod.Identity));
        return
        [
            .. FindingGroups.Causes(view.Diagnosis.Findings)
                .Where(static group => group.Worst.Severity > Severity.Info && group.Worst.Id != SourceUnavailableRule.Id)
                .Select((group, index) => new ScreenCause(index + 1, group, WhatOf(group), WhoOf(group, owners))),
        ];
    }

    /// <summary>What happens without the name, which stands beside it: the title's words where there are no fewer.</summary>
    internal static string Short(Finding finding)
    {
        if (finding.Brief.Length > 0)
        {
            return HumanText.Printable(finding.Brief);
        }

        var name = finding.Subject.DisplayName;
        var rest = finding.Title.StartsWith(name, StringComparison.Ordinal) ? finding.Title[name.Length..] : finding.Title;
        return HumanText.Printable((rest.StartsWith("'s ", StringComparison.Ordinal) ? rest[3..] : rest).TrimStart(':', ' '));
    }

    /// <summary>Owners by workload where it is known, a line each; the rest as a number.</summary>
    internal static ImmutableArray<string> Names(
        IEnumerable<FindingSubject> subjects, ILookup<FindingSubject, PodSnapshot> owners, int shown = NamesShown)
    {
        ImmutableArray<string> names = [.. subjects
            .Distinct()
            .GroupBy(subject => owners[subject].FirstOrDefault()?.Kubernetes?.Workload is { } workload
                ? $"{subject.Namespace}/{workload.Name}"
                : subject.DisplayName)
            .OrderByDescending(static group => group.Count())
            .SelectMany(static group => group.Count() > 1
                ? [$"{HumanText.Printable(group.Key)}: {HumanText.Count(group.Count(), "pod")}"]
                : new[] { HumanText.Printable(group.First().DisplayName) })];
        return names.Length <= shown + 1 ? names : [.. names[..shown], $"+{HumanText.Count(names.Length - shown)} more"];
    }

    private static string WhatOf(CauseGroup group)
    {
        var what = Short(group.Worst);
        return group.Members.Any(member => Short(member) != what)
            ? $"{what} (the worst of {HumanText.Count(group.Members.Length)})"
            : what;
    }

    private static ImmutableArray<string> WhoOf(CauseGroup group, ILookup<FindingSubject, PodSnapshot> owners)
    {
        if (!group.Worst.Subject.IsOfNode)
        {
            return Names(group.Members.Select(static member => member.Subject), owners);
        }

        var hit = group.Consequences
            .Select(static consequence => consequence.Subject)
            .Where(static subject => !subject.IsOfNode);
        return ["this node", .. Names(hit, owners).Select(static (name, index) => index == 0 ? $"hits {name}" : name)];
    }
}
