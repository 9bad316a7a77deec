using System.Globalization;
using System.Text;

namespace Agent.Core.Reporting;

/// <summary>Numbers and names as people read them.</summary>
public static class HumanText
{
    /// <summary>What stands for "not known".</summary>
    public const string Unknown = "?";

    /// <summary><c>0.4s</c>, <c>12s</c>, <c>3m12s</c>, <c>1h04m</c>, <c>2d03h</c>.</summary>
    public static string Duration(TimeSpan duration)
    {
        var seconds = (long)duration.TotalSeconds;
        return duration.TotalSeconds switch
        {
            < 0.0005 => "0s",
            < 10 when duration.Milliseconds != 0 => string.Create(CultureInfo.InvariantCulture, $"{duration.TotalSeconds:0.##}s"),
            < 60 => string.Create(CultureInfo.InvariantCulture, $"{seconds}s"),
            < 3600 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60}m{seconds % 60:00}s"),
            < 86400 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600}h{seconds / 60 % 60:00}m"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 86400}d{seconds / 3600 % 24:00}h"),
        };
    }

    /// <summary>As <see cref="Duration(TimeSpan)"/>; a question mark when unknown.</summary>
    public static string Duration(TimeSpan? duration) => duration is { } known ? Duration(known) : Unknown;

    /// <summary>Thousands apart: <c>262,144</c>.</summary>
    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>As <see cref="Count(long)"/>; a question mark when unknown.</summary>
    public static string Count(long? count) => count is { } known ? Count(known) : Unknown;

    /// <summary><c>1 pod</c>, <c>2 pods</c>.</summary>
    public static string Count(long count, string singular, string? plural = null) => $"{Count(count)} {(count == 1 ? singular : plural ?? singular + "s")}";

    /// <summary><c>512 B</c>, <c>1.5 KiB</c>.</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.0} KiB"),
        < 1024 * 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1073741824.0:0.0} GiB"),
    };

    /// <summary><c>62%</c>; below 10 percent with one decimal.</summary>
    public static string Percent(double ratio) =>
        string.Create(CultureInfo.InvariantCulture, $"{ratio * 100:0.#}%") is { Length: <= 4 } exact ? exact : string.Create(CultureInfo.InvariantCulture, $"{ratio * 100:0}%");

    /// <summary>A time in UTC to the second.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>
    /// The text with everything that could steer a terminal or hide in a page written out (<c>\x1b</c>, <c>\u202e</c>):
    /// names of processes and directories are chosen by others.
    /// </summary>
    public static string Printable(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            return text;
        }

        var result = new StringBuilder(text.Length + 8);
        foreach (var rune in text.EnumerateRunes())
        {
            // An unpaired surrogate arrives here as U+FFFD.
            var hidden = Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
                or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
            _ = !hidden ? result.Append(rune.ToString())
                : rune.Value <= 0xFF ? result.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}")
                : result.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
        }

        return result.ToString();
    }
}
