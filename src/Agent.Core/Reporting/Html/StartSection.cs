using Agent.Core.Reporting.Screen;

namespace Agent.Core.Reporting.Html;

/// <summary>
/// The head of the page: the report on one screen, the same document that text and Markdown print. What is to be done first stands here;
/// everything below is for who wants to know more.
/// </summary>
internal static class StartSection
{
    public static void Write(HtmlWriter html, ReportView view)
    {
        var causes = ScreenCause.Of(view);
        html.Markup($"""<section id="start" aria-labelledby="start-title"><h2 id="start-title">What is wrong, and what to do</h2>""");
        WriteCauses(html, view, causes);
        foreach (var section in ReportDocumentBuilder.Brief(view).Sections.Where(static section => section.Title.Length > 0))
        {
            html.Markup($"<h3>{section.Title}</h3>");
            foreach (var block in section.Blocks)
            {
                Write(html, section, block);
            }
        }

        html.Markup($"</section>");
    }

    private static void WriteCauses(HtmlWriter html, ReportView view, IReadOnlyList<ScreenCause> causes)
    {
        if (causes.Count == 0)
        {
            html.Markup($"""<p class="empty">None of the known causes of failed requests is at work, as far as can be seen.</p>""");
            return;
        }

        HtmlTable.Open(
            html, "causes-caption", "Causes, the worst first", sortable: false, HtmlTable.Number("#"), "What", "Severity", "Who", "Since");
        foreach (var cause in causes)
        {
            var severity = Diagnosis.Verdicts.Name(cause.Severity);
            html.Markup($"""<tr><td class="number">{cause.Number}</td>""");
            html.Markup($"""<th scope="row"><a href="#{cause.Group.Worst.Id}">{cause.What}</a></th>""");
            html.Markup($"""<td><span class="badge {severity}">{severity}</span></td><td class="detail">""");
            WriteLines(html, cause.Who);
            html.Markup($"</td><td>{CausesSection.Since(view, cause.Group.Since, " ")}</td></tr>");
        }

        HtmlTable.Close(html);
    }

    private static void Write(HtmlWriter html, ReportSection section, ReportBlock block)
    {
        switch (block)
        {
            case ActionsBlock actions:
                WriteActions(html, actions);
                break;
            case TableBlock table:
                WriteTable(html, section, table);
                break;
            case TextBlock text:
                html.Markup($"""<p class="note">{text.Text}</p>""");
                break;
        }
    }

    private static void WriteActions(HtmlWriter html, ActionsBlock block)
    {
        html.Markup($"""<ul class="actions">""");
        foreach (var action in block.Actions)
        {
            html.Markup($"""<li>""");
            foreach (var step in action.Steps)
            {
                html.Markup($"""<p class="step">{(action.Number == 0 ? "" : $"{action.Number}. ")}{step.Label}</p>""");
                html.Markup($"""<pre tabindex="0"><code>{step.Text}</code></pre>""");
            }

            html.Markup($"</li>");
        }

        html.Markup($"</ul>");
    }

    private static void WriteTable(HtmlWriter html, ReportSection section, TableBlock table)
    {
        var id = string.Concat(section.Title.TakeWhile(char.IsAsciiLetter)).ToLowerInvariant();
        HtmlTable.Open(html, $"start-{id}-caption", section.Title, sortable: true, [.. table.Columns]);
        foreach (var row in table.Rows)
        {
            html.Markup($"<tr>");
            foreach (var (index, cell) in row.Index())
            {
                var level = cell.Tone switch { Tone.Critical => "critical", Tone.Warning => "warning", Tone.Muted => "quiet", _ => "" };
                if (index == 0)
                {
                    html.Markup($"""<th scope="row">{cell.Text}</th>""");
                    continue;
                }

                var column = table.Columns[index];
                var form = column.IsNumber ? "number" : column.Fit == ColumnFit.Whole ? "whole" : "detail";
                html.Markup($"""<td class="{form} {level}">""");
                WriteLines(html, cell.Text.Split('\n'));
                html.Markup($"</td>");
            }

            html.Markup($"</tr>");
        }

        HtmlTable.Close(html);
    }

    private static void WriteLines(HtmlWriter html, IEnumerable<string> lines)
    {
        foreach (var (index, line) in lines.Index())
        {
            html.Markup($"{(index == 0 ? "" : ", ")}{line}");
        }
    }
}
