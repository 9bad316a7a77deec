using System.Globalization;
using Agent.Core.Diagnosis;

namespace Agent.Core.Reporting.Sections;

/// <summary>What is wrong, worst first.</summary>
internal static class FindingsSection
{
    public static ReportSection Build(ReportView view)
    {
        var findings = view.Diagnosis.Grouped;
        if (findings.IsEmpty)
        {
            return new("Findings", [new TextBlock("None.", Tone.Good)]);
        }

        var counts = findings.GroupBy(static finding => finding.Severity).OrderByDescending(static group => group.Key)
            .Select(static group => $"{group.Count().ToString(CultureInfo.InvariantCulture)} {group.Key.ToString().ToLowerInvariant()}");
        return new(
            $"Findings: {string.Join(", ", counts)}",
            [.. findings.Select((finding, index) => new FindingBlock(index + 1, Printable(finding), ReportNames.Seen(finding, view.Snapshot.TakenAt)))]);
    }

    /// <summary>A configuration snippet keeps its lines.</summary>
    private static string PrintableLines(string text) => string.Join('\n', text.Split('\n').Select(HumanText.Printable));

    private static Finding Printable(Finding finding) => finding with
    {
        Title = HumanText.Printable(finding.Title),
        Subject = finding.Subject with { Namespace = HumanText.Printable(finding.Subject.Namespace), Name = HumanText.Printable(finding.Subject.Name) },
        Evidence = [.. finding.Evidence.Select(HumanText.Printable)],
        Why = HumanText.Printable(finding.Why),
        Fix = [.. finding.Fix.Select(PrintableLines)],
        Reference = HumanText.Printable(finding.Reference),
    };
}
