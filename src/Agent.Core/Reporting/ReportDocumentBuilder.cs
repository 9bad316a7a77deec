using System.Collections.Immutable;
using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Core.Reporting.Screen;
using Agent.Core.Reporting.Sections;

namespace Agent.Core.Reporting;

/// <summary>Makes the document that the text and the markdown report print: one screen, or with --details everything.</summary>
public static class ReportDocumentBuilder
{
    /// <summary>The document of one view.</summary>
    public static ReportDocument Build(ReportView view)
    {
        var sections = ImmutableArray.CreateBuilder<ReportSection>();
        var causes = ScreenCause.Of(view);
        var head = HeadSection.Build(view, causes);
        switch (view.Input.Options)
        {
            case { Quiet: true }:
                return new(head, [], []);
            case { Details: false }:
                return Brief(view);
        }

        Add(FindingsSection.Build(view));
        Add(ConntrackSection.Build(view));
        Add(TimeoutsSection.Build(view));
        Add(PodsSection.Build(view));
        Add(ConnectionsSection.Build(view));
        Add(HalfClosedFlowsSection.Build(view));
        Add(EndsSection.Build(view));
        Add(ListenersSection.Build(view));
        Add(CountersSection.Build(view));
        Add(SourcesSection.Build(view));
        return new(head with { First = null }, Summary(view), sections.ToImmutable());

        void Add(ReportSection? section)
        {
            if (section is not null)
            {
                sections.Add(section);
            }
        }
    }

    /// <summary>The report on one screen, whatever the options say.</summary>
    public static ReportDocument Brief(ReportView view)
    {
        var causes = ScreenCause.Of(view);
        ReportSection?[] sections =
        [
            CausesSection.Build(view, causes),
            DoNowSection.Build(view, causes),
            LostRequestsSection.Build(view),
            TableUseSection.Build(view),
            HalfClosedSection.Build(view),
            StatusSection.Build(view, causes),
        ];
        return new(HeadSection.Build(view, causes), [], [.. sections.OfType<ReportSection>()]);
    }

    /// <summary>The tone of a severity.</summary>
    public static Tone ToneOf(Severity severity) => severity switch
    {
        Severity.Critical => Tone.Critical,
        Severity.Warning => Tone.Warning,
        _ => Tone.Notice,
    };

    private static ImmutableArray<ReportFact> Summary(ReportView view)
    {
        var facts = ImmutableArray.CreateBuilder<ReportFact>();
        if (view.Diagnosis.Grouped is [{ Severity: not Severity.Info, Fix: [var first, ..] }, ..])
        {
            facts.Add(new("Do first", HumanText.Printable(FindingText.Fix(first))));
        }

        facts.Add(new("Node", Node(view)));
        if (view.Input.Origin is { } origin)
        {
            facts.Add(new("Scan", origin.Sentence));
        }

        var unseen = view.Snapshot.Sources
            .Where(static source => source.Status is SourceStatus.Unavailable or SourceStatus.Failed)
            .ToArray();
        if (unseen.Length > 0)
        {
            // Without this, "ok" would only mean "not looked".
            facts.Add(
                new("Not seen", string.Join(", ", unseen.Select(static source => source.Name)) + " (why: see Sources)", Tone.Warning));
        }

        return facts.ToImmutable();
    }

    private static string Node(ReportView view)
    {
        var snapshot = view.Snapshot;
        var parts = new List<string> { HumanText.Printable(snapshot.Node.Name) };
        if (snapshot.Node.CapturedTree)
        {
            parts.Add("captured tree");
        }

        if (snapshot.Node.Kernel.Length > 0)
        {
            parts.Add($"Linux {HumanText.Printable(snapshot.Node.Kernel)}");
        }

        parts.Add(HumanText.Time(snapshot.TakenAt));
        parts.Add($"read in {HumanText.Duration(TimeSpan.FromMilliseconds(Math.Ceiling(snapshot.ScanDuration.TotalMilliseconds)))}");
        if (view.Window is { } window)
        {
            parts.Add($"two scans {HumanText.Duration(window)} apart");
        }

        return string.Join(" · ", parts);
    }
}
