using System.Globalization;
using System.Text;

namespace Agent.Core;

/// <summary>Numbers and names as people read them.</summary>
public static class HumanText
{
    /// <summary>What stands for "not known".</summary>
    public const string Unknown = "?";

    /// <summary>
    /// <c>0.4s</c>, <c>12s</c>, <c>3m12s</c>, <c>1h04m</c>, <c>2d03h</c>; a second part that is zero is left out: <c>10m</c>.
    /// </summary>
    public static string Duration(TimeSpan duration)
    {
        var seconds = (long)Math.Round(duration.TotalSeconds);
        return duration.TotalSeconds switch
        {
            < 0.995 => string.Create(CultureInfo.InvariantCulture, $"{duration.TotalSeconds:0.##}s"),
            < 9.95 => string.Create(CultureInfo.InvariantCulture, $"{duration.TotalSeconds:0.#}s"),
            < 59.5 => string.Create(CultureInfo.InvariantCulture, $"{seconds}s"),
            < 3599.5 => TwoParts(seconds / 60, "m", seconds % 60, "s"),
            < 86399.5 => TwoParts(seconds / 3600, "h", seconds / 60 % 60, "m"),
            _ => TwoParts(seconds / 86400, "d", seconds / 3600 % 24, "h"),
        };
    }

    /// <summary>A number of seconds as <see cref="Duration(TimeSpan)"/>.</summary>
    public static string Seconds(long seconds) => Duration(TimeSpan.FromSeconds(seconds));

    /// <summary>As <see cref="Duration(TimeSpan)"/>; a question mark when unknown.</summary>
    public static string Duration(TimeSpan? duration) => duration is { } known ? Duration(known) : Unknown;

    /// <summary>Thousands apart: <c>262,144</c>.</summary>
    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Thousands apart: <c>262,144</c>.</summary>
    public static string Count(ulong count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>As <see cref="Count(long)"/>; a question mark when unknown.</summary>
    public static string Count(long? count) => count is { } known ? Count(known) : Unknown;

    /// <summary><c>1 pod</c>, <c>2 pods</c>.</summary>
    public static string Count(long count, string singular, string? plural = null) =>
        $"{Count(count)} {(count == 1 ? singular : plural ?? singular + "s")}";

    /// <summary><c>512 B</c>, <c>1.5 KiB</c>.</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.0} KiB"),
        < 1024 * 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1073741824.0:0.0} GiB"),
    };

    /// <summary><c>62%</c>; below 10 percent with one decimal; what is more than nothing is never <c>0%</c>.</summary>
    public static string Percent(double ratio)
    {
        if (ratio is > 0 and < 0.0005)
        {
            return "<0.1%";
        }

        var exact = string.Create(CultureInfo.InvariantCulture, $"{ratio * 100:0.#}%");
        return exact.Length <= 4 ? exact : string.Create(CultureInfo.InvariantCulture, $"{ratio * 100:0}%");
    }

    /// <summary><c>0.4/s</c>.</summary>
    public static string Rate(double perSecond) => string.Create(CultureInfo.InvariantCulture, $"{perSecond:0.##}/s");

    /// <summary>A time in UTC to the second.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>The time of day in UTC: <c>13:46:04 UTC</c>.</summary>
    public static string Clock(DateTimeOffset time) => time.UtcDateTime.ToString("HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>When something began, in UTC to the minute: <c>13:21</c>, on an earlier day <c>Nov 20 13:21</c>.</summary>
    public static string ClockOf(DateTimeOffset time, DateTimeOffset now) => time.UtcDateTime.ToString(
        time.UtcDateTime.Date == now.UtcDateTime.Date ? "HH:mm" : "MMM d HH:mm", CultureInfo.InvariantCulture);

    /// <summary><c>31s ago</c>; whole seconds, and never in the future.</summary>
    public static string Ago(TimeSpan age) => age.TotalSeconds < 0.5 ? "just now" : $"{Seconds((long)Math.Round(age.TotalSeconds))} ago";

    /// <summary>As <see cref="Printable"/>, of a text that keeps its lines.</summary>
    public static string PrintableLines(string text) => string.Join('\n', text.Split('\n').Select(Printable));

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
                or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
            _ = !hidden ? result.Append(rune.ToString())
                : rune.Value <= 0xFF ? result.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}")
                : result.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
        }

        return result.ToString();
    }

    private static string TwoParts(long first, string firstUnit, long second, string secondUnit) => second == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{first}{firstUnit}")
        : string.Create(CultureInfo.InvariantCulture, $"{first}{firstUnit}{second:00}{secondUnit}");
}
