using System.Collections.Immutable;
using Agent.Core.Diagnosis;

namespace Agent.Core.Reporting.Html;

/// <summary>What is wrong, how that shows, why it matters and what to do; worst first.</summary>
internal static class FindingsSection
{
    public static void Write(HtmlWriter html, DiagnosisResult diagnosis)
    {
        html.Markup($"""<section id="findings" aria-labelledby="findings-title"><h2 id="findings-title">Findings</h2>""");
        if (diagnosis.Findings.IsEmpty)
        {
            html.Markup($"""<p class="empty">Nothing on this node makes requests fail as far as can be seen from here.</p>""");
        }

        foreach (var finding in diagnosis.Findings.Where(static finding => finding.Severity > Severity.Info))
        {
            WriteFinding(html, finding);
        }

        var informative = diagnosis.Findings.Where(static finding => finding.Severity == Severity.Info).ToImmutableArray();
        if (!informative.IsEmpty)
        {
            html.Markup($"""<details><summary>{HumanText.Count(informative.Length, "more finding")} for information</summary>""");
            foreach (var finding in informative)
            {
                WriteFinding(html, finding);
            }

            html.Markup($"</details>");
        }

        html.Markup($"</section>");
    }

    private static void WriteFinding(HtmlWriter html, Finding finding)
    {
        var severity = HtmlFormat.Word(finding.Severity);
        var subject = finding.Subject.Namespace.Length == 0 ? finding.Subject.Name : $"{finding.Subject.Namespace}/{finding.Subject.Name}";
        var kind = finding.Subject.Kind == subject ? "" : finding.Subject.Kind + " ";
        html.Markup($"""
            <article class="finding {severity}">
            <h3>{finding.Title}</h3>
            <p class="about"><span class="badge {severity}">{severity}</span> <code>{finding.Id}</code> · {kind}{subject}</p>
            <div class="parts"><div><h4>Seen</h4><ul>
            """);
        foreach (var sentence in finding.Evidence)
        {
            html.Markup($"<li>");
            HtmlProse.Write(html, sentence);
            html.Markup($"</li>");
        }

        html.Markup($"</ul><h4>Why it matters</h4><p>");
        HtmlProse.Write(html, finding.Why);
        html.Markup($"</p></div><div><h4>What to do</h4><ol>");
        foreach (var step in finding.Fix)
        {
            html.Markup($"<li>");
            HtmlProse.WriteStep(html, step);
            html.Markup($"</li>");
        }

        html.Markup($"""</ol><p class="reference">""");
        WriteReference(html, finding.Reference);
        html.Markup($"</p></div></div></article>");
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
