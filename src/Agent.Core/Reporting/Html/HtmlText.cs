using System.Buffers;
using System.Globalization;
using System.Text;

namespace Agent.Core.Reporting.Html;

/// <summary>
/// Makes text from the network, the kernel or the API server harmless: no markup, no control characters (shown as their
/// pictures, U+2400), no characters that reorder or hide their neighbours (shown as U+FFFD).
/// </summary>
internal static class HtmlText
{
    private const char Replacement = '\uFFFD';

    private static readonly SearchValues<char> s_special = SearchValues.Create(
    [
        '<', '>', '&', '"', '\'', '`',
        .. Enumerable.Range(0, 0x20).Where(static value => value is not ('\t' or '\n')).Select(static value => (char)value),
        .. Enumerable.Range(0x7F, 0x21).Select(static value => (char)value),
        '\u061C', '\u200B', '\u200C', '\u200D', '\u200E', '\u200F', '\u2028', '\u2029',
        '\u202A', '\u202B', '\u202C', '\u202D', '\u202E', '\u2060', '\u2066', '\u2067', '\u2068', '\u2069', '\uFEFF',
        .. Enumerable.Range(0xD800, 0x800).Select(static value => (char)value),
    ]);

    /// <summary>Writes text so that it can stand between tags and inside a quoted attribute.</summary>
    public static void Write(TextWriter output, ReadOnlySpan<char> text)
    {
        while (text.IndexOfAny(s_special) is var index and >= 0)
        {
            output.Write(text[..index]);
            text = text[index..];
            if (Rune.DecodeFromUtf16(text, out var rune, out var length) == OperationStatus.Done && length == 2)
            {
                output.Write(text[..2]);
            }
            else
            {
                length = 1;
                WriteSpecial(output, text[0]);
            }

            text = text[length..];
        }

        output.Write(text);
    }

    private static void WriteSpecial(TextWriter output, char character)
    {
        switch (character)
        {
            case < ' ':
                output.Write((char)('\u2400' + character));
                break;
            case '\u007F':
                output.Write('\u2421');
                break;
            case '<' or '>' or '&' or '"' or '\'' or '`':
                output.Write(string.Create(CultureInfo.InvariantCulture, $"&#{(int)character};"));
                break;
            default:
                output.Write(Replacement);
                break;
        }
    }
}
