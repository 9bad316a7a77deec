namespace Agent.Core.Reporting;

/// <summary>Breaks text into lines. What stands between backquotes is a command or a setting and is never broken.</summary>
public static class TextWrap
{
    /// <summary>Lines of at most so many characters, unless a word alone is longer.</summary>
    public static List<string> Lines(string text, int width)
    {
        var lines = new List<string>();
        foreach (var paragraph in text.Split('\n'))
        {
            var line = "";
            foreach (var word in Words(paragraph))
            {
                if (line.Length > 0 && line.Length + 1 + word.Length > width)
                {
                    lines.Add(line);
                    line = "";
                }

                line = line.Length == 0 ? word : $"{line} {word}";
            }

            lines.Add(line);
        }

        return lines;
    }

    /// <summary>
    /// Breaks names after a space where the rest fits then, otherwise after a dash, a slash or a dot, an IPv6 address after a colon, and
    /// where there is none of them at the margin, as the terminal would.
    /// </summary>
    public static List<string> NameLines(string text, int width)
    {
        width = Math.Max(width, 1);
        var lines = new List<string>();
        foreach (var name in text.Split('\n'))
        {
            var rest = name.AsSpan();
            while (rest.Length > width)
            {
                var end = BreakOf(rest, width) is var at and > 0 ? at + 1 : MarginOf(rest, width);
                lines.Add(rest[..end].ToString());
                rest = rest[end..];
            }

            if (!rest.IsEmpty || name.Length == 0)
            {
                lines.Add(rest.ToString());
            }
        }

        return lines;
    }

    private static int BreakOf(ReadOnlySpan<char> text, int width) =>
        text[..width].LastIndexOf(' ') is > 0 and var space && text.Length - space - 1 <= width
            ? space
            : text[..width].LastIndexOfAny("-/. ") is > 0 and var part ? part
            : text[..width].LastIndexOf(':');

    // At least one character a line, and no half of one.
    private static int MarginOf(ReadOnlySpan<char> text, int width) =>
        !char.IsHighSurrogate(text[width - 1]) ? width : width > 1 ? width - 1 : 2;

    private static IEnumerable<string> Words(string text)
    {
        var start = 0;
        var quoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            quoted ^= text[i] == '`';
            if (text[i] == ' ' && !quoted)
            {
                if (i > start)
                {
                    yield return text[start..i];
                }

                start = i + 1;
            }
        }

        if (start < text.Length)
        {
            yield return text[start..];
        }
    }
}
