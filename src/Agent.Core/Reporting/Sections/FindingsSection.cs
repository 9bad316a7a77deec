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
            .Select(static group => $"{group.Count().ToString(CultureInfo.InvariantCulture)} {Verdicts.Name(group.Key)}");
        return new(
            $"Findings: {string.Join(", ", counts)}",
            [
                .. findings.Select((finding, index) =>
                    new FindingBlock(index + 1, Printable(finding), FindingText.Seen(finding, view.Snapshot.TakenAt))),
            ]);
    }

    private static FindingSubject Printable(FindingSubject subject) =>
        subject with { Namespace = HumanText.Printable(subject.Namespace), Name = HumanText.Printable(subject.Name) };

    private static Finding Printable(Finding finding) => finding with
    {
        Title = HumanText.Printable(finding.Title),
        Subject = Printable(finding.Subject),
        Evidence = [.. finding.Evidence.Select(HumanText.Printable)],
        Why = HumanText.Printable(finding.Why),
        Examples = [.. finding.Examples.Select(HumanText.Printable)],
        Consequences = [.. finding.Consequences.Select(Printable)],
        CauseSubject = finding.CauseSubject is { } cause ? Printable(cause) : null,
        Fix =
        [
            .. finding.Fix.Select(static fix =>
                fix with { Where = HumanText.Printable(fix.Where), Text = HumanText.PrintableLines(fix.Text) }),
        ],
        Reference = HumanText.Printable(finding.Reference),
    };
}
