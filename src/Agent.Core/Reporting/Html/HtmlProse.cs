namespace Agent.Core.Reporting.Html;

/// <summary>A finding's sentences: what stands between backticks is code.</summary>
internal static class HtmlProse
{
    /// <summary>Writes a sentence.</summary>
    public static void Write(HtmlWriter html, string text)
    {
        var parts = text.Split('`');
        for (var index = 0; index < parts.Length; index++)
        {
            var isCode = index % 2 == 1 && index < parts.Length - 1;
            if (isCode)
            {
                html.Markup($"<code>{parts[index]}</code>");
            }
            else
            {
                html.Markup($"{(index % 2 == 1 ? "`" : "")}{parts[index]}");
            }
        }
    }

    /// <summary>Writes a step of a fix, <c>where: what to set or to run</c>: the latter on lines of its own, to be copied.</summary>
    public static void WriteStep(HtmlWriter html, string step)
    {
        var (where, what) = ReportNames.SplitFix(step);
        if (where.Length == 0)
        {
            Write(html, step);
            return;
        }

        Write(html, where[..^1]);
        html.Markup($"""<pre tabindex="0"><code>{what}</code></pre>""");
    }
}
