namespace Agent.Core.Reporting.Html;

/// <summary>A finding's sentences: what stands between backticks is code.</summary>
internal static class HtmlProse
{
    /// <summary>Writes a sentence.</summary>
    public static void Write(HtmlWriter html, string text) => WriteParts(html, text, inBlocks: false);

    /// <summary>Writes a step of a fix: commands and lines of configuration stand on lines of their own, to be copied.</summary>
    public static void WriteStep(HtmlWriter html, string text) => WriteParts(html, text, inBlocks: true);

    private static void WriteParts(HtmlWriter html, string text, bool inBlocks)
    {
        var parts = text.Split('`');
        for (var index = 0; index < parts.Length; index++)
        {
            var isCode = index % 2 == 1 && index < parts.Length - 1;
            if (!isCode)
            {
                html.Markup($"{(index % 2 == 1 ? "`" : "")}{parts[index]}");
            }
            else if (inBlocks && parts[index].Contains(' ', StringComparison.Ordinal))
            {
                html.Markup($"""<pre tabindex="0"><code>{parts[index].Trim()}</code></pre>""");
            }
            else
            {
                html.Markup($"<code>{parts[index]}</code>");
            }
        }
    }
}
