using System.Text;
using System.Text.Json;
using Xunit;

namespace Agent.Tests.Testing;

/// <summary>What somebody may send who means no good. Every failure names the seed and the input.</summary>
internal static class Hostile
{
    private static readonly string[] s_texts =
    [
        "", "..", ".", "../../../etc/passwd", "%2e%2e", "a/b", "\0", "\u001b]0;x\u0007", "\r\nX: y", "\ud800", "\udc00x", "a\ud83d", "\u202e\u2066", "\uffff",
        "NaN", "-Infinity", "∞", "1e999", "-1", "99999999999999999999", "0x10", "９", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00",
        "24h99m999999999s", "fd00::1%eth0", "::ffff:1.2.3.4", "255.255.255.256", "{", "[[[[", "\"", "'; drop", "<script>", "a=b,c", "!x", "x in (", "🦊",
    ];

    /// <summary>As they stand in JSON: text that is none, numbers that do not fit, nesting, and other types than expected.</summary>
    private static readonly string[] s_values =
    [
        "\"\\ud800\"", "\"x\\udc00\\ud800\"", "\"\\ud83d\\ude00\"", "\"\\u0000\"", "\"\\\\ud800\"", "null", "true", "-1", "0", "1e308", "-0.5",
        "9223372036854775808", "2147483647", "-2147483648", "[]", "{}", "[[{}]]", "{\"\\ud800\":1}", "{\"\":\"\"}", "\"0001-01-01T00:00:00Z\"",
        "\"9999-12-31T23:59:59.9999999Z\"", "\"..\"", "\"-Infinity\"",
    ];

    /// <summary>Reads many inputs; only <paramref name="isDocumented"/> exceptions may come.</summary>
    public static void Try<T>(int cases, Func<Random, T> make, Action<T> read, Func<Exception, bool>? isDocumented = null)
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var index = 0; index < RandomCases.Of(cases); index++)
        {
            var input = make(random);
            try
            {
                read(input);
            }
            catch (Exception exception)
            {
                // Not Assert.True: what an exception says of itself, places in files too, takes longer than all the rest.
                if (isDocumented?.Invoke(exception) != true)
                {
                    Assert.Fail($"seed {seed}, case {index}, input {Show(input)}: {exception}");
                }
            }
        }
    }

    /// <summary>Any UTF-16, half pairs included: a word that has made trouble somewhere, or random.</summary>
    public static string Text(Random random) => random.Next(3) switch
    {
        0 => s_texts[random.Next(s_texts.Length)],
        1 => string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => s_texts[random.Next(s_texts.Length)])),
        _ => string.Create(random.Next(40), random, static (characters, random) =>
        {
            foreach (ref var character in characters)
            {
                character = (char)random.Next(random.Next(2) == 0 ? 0x80 : 0x10000);
            }
        }),
    };

    /// <summary>A valid document with some values, names and bytes replaced.</summary>
    public static byte[] Json(string valid, Random random)
    {
        using var document = JsonDocument.Parse(valid);
        var text = new StringBuilder();
        Write(document.RootElement, text, random);
        var bytes = Encoding.UTF8.GetBytes(text.ToString());
        return random.Next(3) == 0 ? Bytes(bytes, random) : bytes;
    }

    /// <summary>A third each: random bytes, the start of valid ones, valid ones with a few bytes changed.</summary>
    public static byte[] Bytes(byte[] valid, Random random)
    {
        switch (random.Next(3))
        {
            case 0:
                var noise = new byte[random.Next(256)];
                random.NextBytes(noise);
                return noise;
            case 1:
                return valid[..random.Next(valid.Length + 1)];
            default:
                var changed = valid.ToArray();
                for (var count = random.Next(1, 6); count > 0 && changed.Length > 0; count--)
                {
                    changed[random.Next(changed.Length)] = (byte)random.Next(256);
                }

                return changed;
        }
    }

    private static void Write(JsonElement element, StringBuilder text, Random random)
    {
        if (random.Next(25) == 0)
        {
            text.Append(s_values[random.Next(s_values.Length)]);
            return;
        }

        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                text.Append('{');
                foreach (var member in element.EnumerateObject())
                {
                    text.Append(text[^1] == '{' ? "" : ",").Append('"').Append(member.Name);
                    text.Append(random.Next(30) == 0 ? "\\ud800" : "").Append("\":");
                    Write(member.Value, text, random);
                }

                text.Append('}');
                break;
            case JsonValueKind.Array:
                text.Append('[');
                foreach (var item in element.EnumerateArray())
                {
                    text.Append(text[^1] == '[' ? "" : ",");
                    Write(item, text, random);
                }

                text.Append(']');
                break;
            default:
                text.Append(element.GetRawText());
                break;
        }
    }

    private static string Show<T>(T input) => input switch
    {
        byte[] bytes => Convert.ToHexString(bytes),
        string text => string.Concat(text.Select(static character => char.IsAsciiLetterOrDigit(character) ? $"{character}" : $"\\u{(int)character:x4}")),
        _ => $"{input}",
    };
}
