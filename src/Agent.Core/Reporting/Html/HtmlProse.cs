using Agent.Core.Diagnosis;

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

    /// <summary>Writes a fix: what to set or to run on lines of its own, to be copied.</summary>
    public static void WriteFix(HtmlWriter html, FindingFix fix)
    {
        Write(html, FindingText.Where(fix));
        html.Markup($"""<pre tabindex="0"><code>{fix.Text}</code></pre>""");
    }
}
