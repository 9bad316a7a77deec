using System.Text;

namespace Agent.Core.Reporting;

/// <summary>What to do, for a terminal. What is there to be pasted is never broken: what does not fit gets a line of its own.</summary>
internal static class ActionsText
{
    private const int NumberWidth = 3;

    public static void Write(StringBuilder output, TextStyle style, ActionsBlock block, string indent)
    {
        foreach (var action in block.Actions)
        {
            var number = action.Number == 0 ? "" : HumanText.Count(action.Number);
            foreach (var (index, step) in action.Steps.Index())
            {
                WriteStep(output, style, indent + (index == 0 ? number : "").PadRight(NumberWidth), step);
            }
        }
    }

    private static void WriteStep(StringBuilder output, TextStyle style, string head, ReportStep step)
    {
        var (label, text) = (style.Fit(step.Label) + ":", style.Fit(step.Text));
        var margin = new string(' ', head.Length);
        if (step.IsText)
        {
            var lines = TextWrap.Lines($"{label} {text}", Math.Max(20, style.Width - head.Length));
            output.Append(head).AppendJoin('\n' + margin, lines.Select(line => style.Paint(line, Tone.Muted))).Append('\n');
            return;
        }

        output.Append(head).Append(style.Paint(label, Tone.Muted));
        if (!text.Contains('\n', StringComparison.Ordinal) && head.Length + label.Length + 1 + text.Length <= style.Width)
        {
            output.Append(' ').Append(style.Bold(text)).Append('\n');
            return;
        }

        margin += "  ";
        foreach (var line in text.Split('\n'))
        {
            output.Append('\n').Append(margin).Append(style.Bold(line));
        }

        output.Append('\n');
    }
}
