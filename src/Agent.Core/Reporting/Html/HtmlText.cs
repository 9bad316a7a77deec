using System.Buffers;
using System.Globalization;

namespace Agent.Core.Reporting.Html;

/// <summary>
/// Makes text from the network, the kernel or the API server harmless: no markup, and nothing that hides or reorders its neighbours.
/// </summary>
internal static class HtmlText
{
    private static readonly SearchValues<char> s_markup = SearchValues.Create("<>&\"'`");

    /// <summary>Writes text so that it can stand between tags and inside a quoted attribute. Line breaks are kept.</summary>
    public static void Write(TextWriter output, ReadOnlySpan<char> text)
    {
        var isFirst = true;
        foreach (var line in text.Split('\n'))
        {
            output.Write(isFirst ? "" : "\n");
            isFirst = false;
            WriteLine(output, HumanText.Printable(text[line].ToString()));
        }
    }

    private static void WriteLine(TextWriter output, ReadOnlySpan<char> line)
    {
        while (line.IndexOfAny(s_markup) is var index and >= 0)
        {
            output.Write(line[..index]);
            output.Write(string.Create(CultureInfo.InvariantCulture, $"&#{(int)line[index]};"));
            line = line[(index + 1)..];
        }

        output.Write(line);
    }
}
