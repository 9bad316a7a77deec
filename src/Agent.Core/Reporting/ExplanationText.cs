using System.Text;
using Agent.Core.Diagnosis;

namespace Agent.Core.Reporting;

/// <summary>The explanation of a finding for a terminal.</summary>
public static class ExplanationText
{
    /// <summary>All there is to say about it.</summary>
    public static string Render(FindingExplanation explanation, TextStyle style)
    {
        var output = new StringBuilder();
        output.Append(style.Bold(explanation.Id)).Append("  ").Append(style.Fit(explanation.Title)).Append("\n\n");
        Paragraph("", explanation.What);
        Paragraph("Why it matters", explanation.Why);
        Paragraph("How it is seen", explanation.Seen);
        output.Append(style.Bold("How bad it is")).Append('\n');
        foreach (var level in explanation.Levels)
        {
            var label = $"  {Verdicts.Name(level.Severity).PadRight(10)}";
            var lines = TextWrap.Lines(style.Fit(level.When), style.Width - label.Length);
            output.Append(label).AppendJoin('\n' + new string(' ', label.Length), lines).Append('\n');
        }

        output.Append('\n').Append(style.Bold("Check by hand")).Append('\n');
        foreach (var check in explanation.Checks)
        {
            output.Append("  ").Append(style.Fit(check.Purpose)).Append(":\n    ").Append(style.Fit(check.Command)).Append('\n');
        }

        output.Append('\n').Append(style.Bold("Fix")).Append('\n');
        foreach (var fix in explanation.Fixes)
        {
            output.Append("  ")
                .Append(style.Fit(fix.Where))
                .Append(":\n    ")
                .Append(style.Fit(fix.Text).Replace("\n", "\n    ", StringComparison.Ordinal))
                .Append('\n');
        }

        output.Append('\n').Append(style.Bold("Read on")).Append('\n');
        foreach (var reference in explanation.References)
        {
            output.Append("  ").Append(reference).Append('\n');
        }

        return output.ToString();

        void Paragraph(string title, string text)
        {
            if (title.Length > 0)
            {
                output.Append(style.Bold(title)).Append('\n');
            }

            // The catalogue's line breaks are those of its source file.
            foreach (var line in TextWrap.Lines(style.Fit(text.Replace('\n', ' ')), style.Width - 2))
            {
                output.Append("  ").Append(line).Append('\n');
            }

            output.Append('\n');
        }
    }
}
