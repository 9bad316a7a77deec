using System.Collections.Immutable;
using System.Text;
using Agent.Core.Diagnosis;

namespace Agent.Core.Reporting;

/// <summary>The report for an issue or a chat: GitHub-flavoured Markdown.</summary>
public static class MarkdownReport
{
    /// <summary>The whole report.</summary>
    public static string Render(ReportDocument document)
    {
        var output = new StringBuilder();
        var verdict = Verdicts.Name(document.Head.Verdict).ToUpperInvariant();
        output.Append("# ").Append(verdict).Append(": ").Append(Escape(document.Head.Text)).Append("\n\n");
        output.Append(Escape(document.Head.When)).Append(" · ").Append(Escape(document.Head.Detail)).Append('\n');
        if (document.Head.First is { } first)
        {
            output.Append("\nFirst: ").Append(Code(first.Text)).Append('\n');
        }

        if (document.Summary.Length > 0)
        {
            output.Append('\n');
        }

        foreach (var fact in document.Summary)
        {
            output.Append("- **").Append(fact.Label).Append(":** ").Append(EscapeProse(fact.Text)).Append('\n');
        }

        foreach (var section in document.Sections)
        {
            if (section.Title.Length > 0)
            {
                output.Append("\n## ").Append(Escape(section.Title)).Append('\n');
            }

            foreach (var block in section.Blocks)
            {
                output.Append('\n');
                WriteBlock(output, block);
            }
        }

        return output.ToString();
    }

    private static void WriteBlock(StringBuilder output, ReportBlock block)
    {
        switch (block)
        {
            case TextBlock text:
                output.Append(Escape(text.Text)).Append('\n');
                break;
            case GaugeBlock gauge:
                output.Append(Escape(gauge.Label)).Append(": **").Append(Escape(gauge.Text)).Append("**\n");
                break;
            case BarsBlock bars:
                WriteTable(output, new(
                    bars.Caption,
                    [new(""), new("count", true)],
                    [.. bars.Bars.Select(static bar => (ImmutableArray<ReportCell>)[bar.Label, HumanText.Count(bar.Count)])]));
                break;
            case TableBlock table:
                WriteTable(output, table);
                break;
            case FindingBlock finding:
                WriteFinding(output, finding);
                break;
            case FactsBlock facts:
                WriteFacts(output, facts);
                break;
            case ActionsBlock actions:
                WriteActions(output, actions);
                break;
        }
    }

    private static void WriteFacts(StringBuilder output, FactsBlock block)
    {
        var label = "";
        foreach (var fact in block.Facts)
        {
            label = fact.Label.Length > 0 ? fact.Label : label;
            output.Append("- **").Append(label).Append(":** ").Append(EscapeProse(fact.Text)).Append('\n');
        }
    }

    private static void WriteActions(StringBuilder output, ActionsBlock block)
    {
        foreach (var action in block.Actions)
        {
            foreach (var step in action.Steps)
            {
                output.Append("- ").Append(action.Number == 0 ? "" : $"({action.Number}) ").Append(Escape(step.Label)).Append(": ");
                output.Append(step.IsText ? Escape(step.Text) : Code(step.Text)).Append('\n');
            }
        }
    }

    private static void WriteTable(StringBuilder output, TableBlock table)
    {
        if (table.Caption.Length > 0)
        {
            output.Append("**").Append(Escape(table.Caption)).Append("**\n\n");
        }

        output.Append('|').AppendJoin('|', table.Columns.Select(static column => $" {Escape(Flat(column.Title))} ")).Append("|\n");
        output.Append('|').AppendJoin('|', table.Columns.Select(static column => column.IsNumber ? " ---: " : " --- ")).Append("|\n");
        foreach (var row in table.Rows)
        {
            output.Append('|').AppendJoin('|', row.Select(static cell => $" {Cell(cell)} ")).Append("|\n");
        }
    }

    private static void WriteFinding(StringBuilder output, FindingBlock block)
    {
        var finding = block.Finding;
        output.Append("### ")
            .Append(block.Number)
            .Append(". ")
            .Append(Verdicts.Name(finding.Severity).ToUpperInvariant())
            .Append(' ')
            .Append(finding.Id)
            .Append(": ").Append(Escape(finding.Title)).Append("\n\n");
        output.Append("Subject: ")
            .Append(Escape(FindingText.Subject(finding.Subject)))
            .Append(block.Seen.Length > 0 ? $" · {block.Seen}" : "")
            .Append("\n\n");
        foreach (var evidence in FindingText.Evidence(finding))
        {
            output.Append("- ").Append(EscapeProse(evidence)).Append('\n');
        }

        output.Append("\n**Why:** ").Append(EscapeProse(finding.Why)).Append("\n\n**Fix:**\n\n");
        for (var i = 0; i < finding.Fix.Length; i++)
        {
            output.Append(i + 1)
                .Append(". ")
                .Append(Escape(FindingText.Where(finding.Fix[i])))
                .Append(": ")
                .Append(Code(finding.Fix[i].Text))
                .Append('\n');
        }

        output.Append("\nMore: ").Append(finding.Reference).Append('\n');
    }

    /// <summary>A title that was broken to be narrow, in one line again: <c>untra-\ncked</c> is one word.</summary>
    private static string Flat(string title) => title.Replace("-\n", "", StringComparison.Ordinal).Replace('\n', ' ');

    private static string Cell(ReportCell cell) =>
        (cell.Tone is Tone.Warning or Tone.Critical && cell.Text.Length > 0 ? $"**{Escape(cell.Text)}**" : Escape(cell.Text))
            .Replace("\n", "<br>", StringComparison.Ordinal);

    /// <summary>Text to be pasted: as code, so that nothing has to be escaped in it.</summary>
    private static string Code(string text) =>
        text.Contains('\n', StringComparison.Ordinal) ? $"\n\n   ```\n   {text.Replace("\n", "\n   ", StringComparison.Ordinal)}\n   ```"
        : text.Contains('`', StringComparison.Ordinal) ? EscapeProse(text)
        : $"`{text}`";

    /// <summary>Escapes all but what stands between backquotes, which stays code.</summary>
    private static string EscapeProse(string text)
    {
        var parts = text.Split('`');
        return parts.Length % 2 == 0
            ? Escape(text)
            : string.Concat(parts.Select(static (part, index) => index % 2 == 0 ? Escape(part) : $"`{part}`"));
    }

    private static string Escape(string text)
    {
        var result = new StringBuilder(text.Length + 8);
        foreach (var character in text)
        {
            if (character is '\\' or '`' or '*' or '_' or '[' or ']' or '<' or '>' or '|' or '#' or '~' or '&')
            {
                result.Append('\\');
            }

            result.Append(character);
        }

        return result.ToString();
    }
}
