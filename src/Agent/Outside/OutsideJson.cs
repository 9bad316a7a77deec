using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Agent.Outside;

/// <summary>
/// JSON that somebody else wrote. .NET's parser takes for valid what is no text: half a surrogate pair (<c>\ud800</c>, RFC 8259 section
/// 8.2) and bytes that are not UTF-8. Whoever then asks for that text, or only for a member by its name, gets an exception. Here
/// such text is made whole first, as every other reader does: U+FFFD stands for what is none. What is asked of the document
/// afterwards can not throw for what is in it.
/// </summary>
internal static class OutsideJson
{
    private const int EscapeLength = 6; // \uXXXX

    /// <exception cref="JsonException">It is no JSON, or nested deeper than 64.</exception>
#pragma warning disable RS0030 // The one place.
    public static JsonDocument Parse(ReadOnlyMemory<byte> json) => JsonDocument.Parse(MakeWhole(json));
#pragma warning restore RS0030

    /// <summary>The same where all text in it is text; otherwise a copy with U+FFFD for what is none.</summary>
    public static ReadOnlyMemory<byte> MakeWhole(ReadOnlyMemory<byte> json)
    {
        var whole = Utf8.IsValid(json.Span) ? json : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(json.Span));
        var half = FindHalfPair(whole.Span, 0);
        if (half < 0)
        {
            return whole;
        }

        var copy = whole.ToArray();
        while (half >= 0)
        {
            "fffd"u8.CopyTo(copy.AsSpan(half + 2));
            half = FindHalfPair(copy, half + EscapeLength);
        }

        return copy;
    }

    /// <summary>Whether some text in it is none.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> json) => Utf8.IsValid(json) && FindHalfPair(json, 0) < 0;

    /// <summary>Where the next escape of half a pair is; -1 when there is none. A backslash is inside a string, or it is no JSON.</summary>
    private static int FindHalfPair(ReadOnlySpan<byte> json, int start)
    {
        while (json[start..].IndexOf((byte)'\\') is >= 0 and var offset)
        {
            start += offset;
            if (!TryReadEscape(json[start..], out var unit))
            {
                start = Math.Min(start + 2, json.Length);
            }
            else if (!char.IsSurrogate(unit))
            {
                start += EscapeLength;
            }
            else if (char.IsHighSurrogate(unit)
                && TryReadEscape(json[(start + EscapeLength)..], out var low)
                && char.IsLowSurrogate(low))
            {
                start += 2 * EscapeLength;
            }
            else
            {
                return start;
            }
        }

        return -1;
    }

    private static bool TryReadEscape(ReadOnlySpan<byte> text, out char unit)
    {
        var read = text.Length >= EscapeLength
            && text.StartsWith("\\u"u8)
            && ushort.TryParse(text[2..EscapeLength], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
                ? number
                : -1;
        unit = (char)Math.Max(read, 0);
        return read >= 0;
    }
}
