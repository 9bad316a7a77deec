using System.Text;
using Agent.Core.Diagnosis;

namespace Agent.Core.Reporting;

/// <summary>The report for a terminal: the verdict first, useful at 80 columns and when piped.</summary>
public static class TextReport
{
    private const string Indent = "  ";
    private const string BriefIndent = " ";
    private const int LabelWidth = 9;

    /// <summary>The whole report.</summary>
    public static string Render(ReportDocument document, TextStyle style)
    {
        var output = new StringBuilder();
        WriteHead(output, style, document.Head);
        foreach (var fact in document.Summary)
        {
            WriteLabelled(output, style, "", fact.Label, fact.Text, fact.Tone);
        }

        foreach (var section in document.Sections)
        {
            WriteSection(output, style, section);
        }

        return output.ToString();
    }

    /// <summary>One section, for output that has no verdict.</summary>
    public static string Render(ReportSection section, TextStyle style)
    {
        var output = new StringBuilder();
        WriteSection(output, style, section);
        return output.ToString();
    }

    private static Tone ToneOf(Verdict verdict) => verdict switch
    {
        Verdict.Critical => Tone.Critical,
        Verdict.Warning or Verdict.Unknown => Tone.Warning,
        Verdict.Info => Tone.Notice,
        _ => Tone.Good,
    };

    /// <summary>The verdict, with the time at the right margin where it fits beside it, and the numbers below.</summary>
    private static void WriteHead(StringBuilder output, TextStyle style, ReportHead head)
    {
        var verdict = Verdicts.Name(head.Verdict).ToUpperInvariant();
        var label = verdict + "  ";
        var isBeside = label.Length + head.Text.Length + 2 + head.When.Length <= style.Width;
        if (isBeside)
        {
            var gap = new string(' ', style.Width - label.Length - head.Text.Length - head.When.Length);
            output.Append(style.Paint(verdict, ToneOf(head.Verdict)))
                .Append("  ")
                .Append(style.Bold(style.Fit(head.Text)))
                .Append(gap)
                .Append(style.Paint(head.When, Tone.Muted))
                .Append('\n');
        }
        else
        {
            WriteHanging(output, style, verdict, style.Paint(verdict, ToneOf(head.Verdict)), head.Text, Tone.Plain, bold: true);
        }

        var margin = new string(' ', label.Length);
        var detail = isBeside ? head.Detail : $"{head.When}; {head.Detail}";
        WriteHanging(output, style, margin, margin, detail, Tone.Plain, bold: false);
        if (head.First is { } first)
        {
            output.Append(style.Paint("First".PadRight(label.Length), Tone.Muted)).Append(style.Bold(style.Fit(first.Text))).Append('\n');
        }
    }

    private static void WriteSection(StringBuilder output, TextStyle style, ReportSection section)
    {
        if (!section.IsOfHead)
        {
            output.Append('\n');
        }

        if (section.Title.Length > 0)
        {
            var title = style.Fit(section.IsBrief ? section.Title : $"── {section.Title} ");
            var rule = section.IsBrief ? "" : style.Fit(new string('─', Math.Max(0, style.Width - title.Length)));
            output.Append(style.Bold(title + rule)).Append('\n');
        }

        for (var i = 0; i < section.Blocks.Length; i++)
        {
            if (i > 0 && section.Blocks[i] is not TextBlock)
            {
                output.Append('\n');
            }

            WriteBlock(output, style, section.Blocks[i], section.IsBrief ? BriefIndent : Indent);
        }
    }

    private static void WriteBlock(StringBuilder output, TextStyle style, ReportBlock block, string indent)
    {
        switch (block)
        {
            case TextBlock text:
                foreach (var line in TextWrap.Lines(style.Fit(text.Text), style.Width - indent.Length))
                {
                    output.Append(indent).Append(style.Paint(line, text.Tone)).Append('\n');
                }

                break;
            case GaugeBlock gauge:
                WriteGauge(output, style, gauge);
                break;
            case BarsBlock bars:
                WriteBars(output, style, bars);
                break;
            case TableBlock table:
                WriteCaption(output, style, table.Caption);
                new TextTable(table, style, indent).Write(output);
                break;
            case FactsBlock facts:
                foreach (var fact in facts.Facts)
                {
                    WriteLabelled(output, style, "", fact.Label, fact.Text, fact.Tone);
                }

                break;
            case ActionsBlock actions:
                ActionsText.Write(output, style, actions, indent);
                break;
            case FindingBlock finding:
                WriteFinding(output, style, finding);
                break;
        }
    }

    private static void WriteCaption(StringBuilder output, TextStyle style, string caption)
    {
        if (caption.Length > 0)
        {
            output.Append(Indent).Append(style.Bold(style.Fit(caption))).Append('\n');
        }
    }

    private static void WriteGauge(StringBuilder output, TextStyle style, GaugeBlock gauge)
    {
        const int Cells = 24;
        var filled = Math.Clamp((int)Math.Round(gauge.Ratio * Cells), gauge.Ratio > 0 ? 1 : 0, Cells);
        var bar = style.Paint(style.Fit(new string('█', filled)), gauge.Tone) + style.Paint(
            style.Fit(new string('░', Cells - filled)), Tone.Muted);
        var head = $"{Indent}{gauge.Label} [";
        var lines = TextWrap.Lines(style.Fit(gauge.Text), Math.Max(20, style.Width - head.Length - Cells - 2));
        output.Append(head)
            .Append(bar)
            .Append("] ")
            .Append(string.Join('\n' + new string(' ', head.Length + Cells + 2), lines))
            .Append('\n');
    }

    private static void WriteBars(StringBuilder output, TextStyle style, BarsBlock block)
    {
        WriteCaption(output, style, block.Caption);
        if (block.Bars.IsEmpty)
        {
            output.Append(Indent).Append(style.Paint("none", Tone.Muted)).Append('\n');
            return;
        }

        var labels = block.Bars.Max(static bar => bar.Label.Length);
        var counts = block.Bars.Max(static bar => HumanText.Count(bar.Count).Length);
        var most = Math.Max(1, block.Bars.Max(static bar => bar.Count));
        var room = Math.Clamp(style.Width - Indent.Length - labels - counts - 4, 8, 40);
        foreach (var bar in block.Bars)
        {
            var length = bar.Count == 0 ? 0 : Math.Max(1, (int)(bar.Count * room / most));
            var drawn = style.Paint(style.Fit(new string('█', length)), bar.Tone);
            var line = $"{Indent}{style.Fit(bar.Label).PadRight(labels)}  {HumanText.Count(bar.Count).PadLeft(counts)}  {drawn}";
            output.Append(line.TrimEnd()).Append('\n');
        }
    }

    private static void WriteFinding(StringBuilder output, TextStyle style, FindingBlock block)
    {
        var finding = block.Finding;
        var severity = Verdicts.Name(finding.Severity).ToUpperInvariant();
        output.Append(Indent)
            .Append(style.Paint(severity, ReportDocumentBuilder.ToneOf(finding.Severity)))
            .Append("  ")
            .Append(finding.Id)
            .Append("  ")
            .Append(
                style.Paint(
                    style.Fit(FindingText.Subject(finding.Subject) + (block.Seen.Length > 0 ? $" · {block.Seen}" : "")), Tone.Muted))
                .Append('\n');
        foreach (var line in TextWrap.Lines(style.Fit(finding.Title), style.Width - Indent.Length))
        {
            output.Append(Indent).Append(style.Bold(line)).Append('\n');
        }

        foreach (var (index, sentence) in FindingText.Evidence(finding).Index())
        {
            WriteLabelled(output, style, Indent, index == 0 ? "Seen" : "", sentence, Tone.Plain, "- ");
        }

        WriteLabelled(output, style, Indent, "Why", finding.Why, Tone.Plain);
        for (var i = 0; i < finding.Fix.Length; i++)
        {
            WriteFix(output, style, i, finding.Fix[i]);
        }

        WriteLabelled(output, style, Indent, "More", finding.Reference, Tone.Muted);
    }

    /// <summary>
    /// A fix is there to be pasted, so its text is never broken: what does not fit beside the label gets lines of its own.
    /// </summary>
    private static void WriteFix(StringBuilder output, TextStyle style, int index, FindingFix fix)
    {
        var head = $"{Indent}{(index == 0 ? "Fix" : "").PadRight(LabelWidth)}";
        var number = $"{index + 1}. ";
        var (where, what) = (FindingText.Where(fix) + ":", fix.Text);
        output.Append(style.Paint(head, Tone.Muted)).Append(number).Append(style.Fit(where));
        if (!what.Contains('\n', StringComparison.Ordinal) && head.Length + number.Length + where.Length + 1 + what.Length <= style.Width)
        {
            output.Append(' ').Append(style.Fit(what)).Append('\n');
            return;
        }

        var margin = new string(' ', head.Length + number.Length);
        output.Append('\n').Append(margin).Append(style.Fit(what).Replace("\n", "\n" + margin, StringComparison.Ordinal)).Append('\n');
    }

    private static void WriteLabelled(
        StringBuilder output, TextStyle style, string indent, string label, string text, Tone tone, string bullet = "")
    {
        if (text.Length > 0)
        {
            var padded = indent + label.PadRight(LabelWidth);
            WriteHanging(output, style, padded + bullet, style.Paint(padded, Tone.Muted) + bullet, text, tone, bold: false);
        }
    }

    /// <summary>A label, and text beside it that stays beside it on the following lines.</summary>
    private static void WriteHanging(
        StringBuilder output, TextStyle style, string label, string paintedLabel, string text, Tone tone, bool bold)
    {
        var gap = label.EndsWith(' ') ? "" : "  ";
        var margin = new string(' ', label.Length + gap.Length);
        var lines = TextWrap.Lines(style.Fit(text), Math.Max(30, style.Width - margin.Length));
        for (var i = 0; i < lines.Count; i++)
        {
            output.Append(i == 0 ? paintedLabel + gap : margin)
                .Append(bold ? style.Bold(lines[i]) : style.Paint(lines[i], tone))
                .Append('\n');
        }
    }
}
