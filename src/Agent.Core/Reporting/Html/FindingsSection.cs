using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Diagnosis;

namespace Agent.Core.Reporting.Html;

/// <summary>What is wrong, how that shows, why it matters and what to do; worst first.</summary>
internal static class FindingsSection
{
    public static void Write(HtmlWriter html, DiagnosisResult diagnosis, DateTimeOffset takenAt)
    {
        html.Markup($"""<section id="findings" aria-labelledby="findings-title"><h2 id="findings-title">Findings</h2>""");
        var findings = diagnosis.Grouped;
        if (findings.IsEmpty)
        {
            html.Markup($"""<p class="empty">None: {None(diagnosis)}</p>""");
        }

        var anchors = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var finding in findings.Where(static finding => finding.Severity > Severity.Info))
        {
            WriteFinding(html, finding, takenAt, Anchor(finding));
        }

        var informative = findings.Where(static finding => finding.Severity == Severity.Info).ToImmutableArray();
        if (!informative.IsEmpty)
        {
            html.Markup($"""<details><summary>{HumanText.Count(informative.Length, "more finding")} for information</summary>""");
            foreach (var finding in informative)
            {
                WriteFinding(html, finding, takenAt, Anchor(finding));
            }

            html.Markup($"</details>");
        }

        html.Markup($"</section>");

        // The first of an id has it for a name, so that a link needs to know nothing else.
        string Anchor(Finding finding)
        {
            var number = anchors.GetValueOrDefault(finding.Id) + 1;
            anchors[finding.Id] = number;
            return number == 1 ? finding.Id : string.Create(CultureInfo.InvariantCulture, $"{finding.Id}-{number}");
        }
    }

    private static string None(DiagnosisResult diagnosis) => diagnosis.Unreadable.IsEmpty
        ? "nothing on this node makes requests fail as far as can be seen from it."
        : $"but {string.Join(" and ", diagnosis.Unreadable)} could not be read, so a healthy node cannot be told from an ill one.";

    private static void WriteFinding(HtmlWriter html, Finding finding, DateTimeOffset takenAt, string anchor)
    {
        var severity = Verdicts.Name(finding.Severity);
        var cause = finding.CausedBy is null ? "" : $" · follows from {finding.CausedBy}";
        var seen = FindingText.Seen(finding, takenAt) is { Length: > 0 } known ? $" · {known}" : "";
        html.Markup($"""
            <article class="finding {severity}" id="{anchor}">
            <h3>{finding.Title} <a class="anchor" href="#{anchor}" aria-label="link to {anchor}">#</a></h3>
            <p class="about"><span class="badge {severity}">{severity}</span> <code>{finding.Id}</code> ·
            {FindingText.Subject(finding.Subject)}{cause}{seen}</p>
            <div class="parts"><div><h4>Seen</h4><ul>
            """);
        foreach (var sentence in FindingText.Evidence(finding))
        {
            html.Markup($"<li>");
            HtmlProse.Write(html, sentence);
            html.Markup($"</li>");
        }

        html.Markup($"</ul><h4>Why it matters</h4><p>");
        HtmlProse.Write(html, finding.Why);
        html.Markup($"</p>");
        WriteLevels(html, finding);
        html.Markup($"</div><div><h4>What to do</h4><ol>");
        foreach (var fix in finding.Fix)
        {
            html.Markup($"<li>");
            HtmlProse.WriteFix(html, fix);
            html.Markup($"</li>");
        }

        html.Markup($"""</ol><p class="reference">""");
        WriteReference(html, finding.Reference);
        html.Markup($"</p></div></div></article>");
    }

    private static void WriteLevels(HtmlWriter html, Finding finding)
    {
        if (FindingCatalog.Find(finding.Id) is not { } explanation)
        {
            return;
        }

        html.Markup($"""<details class="levels"><summary>When it is how bad</summary><ul>""");
        foreach (var level in explanation.Levels)
        {
            html.Markup($"""<li><span class="badge {Verdicts.Name(level.Severity)}">{Verdicts.Name(level.Severity)}</span> """);
            HtmlProse.Write(html, level.When);
            html.Markup($"</li>");
        }

        html.Markup($"</ul></details>");
    }

    private static void WriteReference(HtmlWriter html, string reference)
    {
        if (reference.StartsWith("https://", StringComparison.Ordinal))
        {
            html.Markup($"""Read on: <a href="{reference}" rel="noreferrer">{reference}</a>""");
        }
        else if (reference.Length > 0)
        {
            html.Markup($"Read on: {reference}");
        }
    }
}
