using System.Collections.Immutable;
using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;

namespace Agent.Core.Reporting.Screen;

/// <summary>What is worth knowing and makes nothing fail: a line for each kind.</summary>
internal static class NotesSection
{
    private const int OverShown = 3;

    public static IEnumerable<ReportFact> Facts(ReportView view)
    {
        // What is missing of a source stands where the sources stand.
        var kinds = FindingGroups.Causes(view.Diagnosis.Findings)
            .Where(static group => group.Worst.Severity == Severity.Info && group.Worst.Id != SourceUnavailableRule.Id)
            .GroupBy(static group => group.Worst.Id, StringComparer.Ordinal)
            .Select(static kind => kind.SelectMany(static group => group.Members).ToImmutableArray())
            .ToArray();
        foreach (var (index, members) in kinds.Index())
        {
            yield return new(index == 0 ? "Notes" : "", Line(members), Tone.Muted);
        }

        foreach (var (index, (finding, until)) in view.Diagnosis.Over.Take(OverShown).Index())
        {
            var line = $"{HumanText.Printable(finding.Subject.DisplayName)}: {ScreenCause.Short(finding)}, "
                + $"until {HumanText.ClockOf(until, view.Snapshot.TakenAt)}";
            yield return new(index == 0 ? "Over" : "", line, Tone.Muted);
        }
    }

    private static string Line(ImmutableArray<Finding> members)
    {
        var id = members[0].Id;
        var title = FindingCatalog.Find(id)?.Title ?? ScreenCause.Short(members[0]);
        var who = members[0].Subject.Kind switch
        {
            SubjectKind.Node => "node",
            SubjectKind.Pod => HumanText.Count(members.Length, "pod"),
            SubjectKind.Host when members.Length == 1 => "host",
            _ => HumanText.Count(members.Length, "namespace"),
        };
        return $"{who}: {title}";
    }
}
