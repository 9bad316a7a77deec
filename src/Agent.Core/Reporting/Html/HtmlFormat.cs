using System.Globalization;
using Agent.Core.Diagnosis;

namespace Agent.Core.Reporting.Html;

/// <summary>Numbers for people.</summary>
internal static class HtmlFormat
{
    /// <summary>What stands where something could not be read.</summary>
    public const string Unknown = "unknown";

    /// <summary><c>1,234</c>.</summary>
    public static string Count(long? value) => value?.ToString("N0", CultureInfo.InvariantCulture) ?? Unknown;

    /// <summary><c>1,234</c> of a kernel counter.</summary>
    public static string Count(ulong? value) => value?.ToString("N0", CultureInfo.InvariantCulture) ?? Unknown;

    /// <summary>Two units at most: <c>350 ms</c>, <c>12 s</c>, <c>4 min 10 s</c>, <c>1 h</c>, <c>2 d 3 h</c>.</summary>
    public static string Duration(TimeSpan? duration) => duration switch
    {
        null => Unknown,
        { Ticks: < 0 } => "0 s",
        { TotalSeconds: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{duration.Value.TotalMilliseconds:0} ms"),
        { TotalSeconds: < 10 } => string.Create(CultureInfo.InvariantCulture, $"{duration.Value.TotalSeconds:0.#} s"),
        { TotalMinutes: < 1 } => $"{duration.Value.Seconds} s",
        { TotalHours: < 1 } => Two(duration.Value.Minutes, "min", duration.Value.Seconds, "s"),
        { TotalDays: < 1 } => Two(duration.Value.Hours, "h", duration.Value.Minutes, "min"),
        _ => Two(duration.Value.Days, "d", duration.Value.Hours, "h"),
    };

    /// <summary>A number of seconds as <see cref="Duration"/>.</summary>
    public static string Seconds(long? seconds) => Duration(seconds is { } known ? TimeSpan.FromSeconds(known) : null);

    /// <summary><c>512 B</c>, <c>1.5 KiB</c>.</summary>
    public static string Bytes(long bytes)
    {
        ReadOnlySpan<string> units = ["B", "KiB", "MiB", "GiB", "TiB"];
        var value = (double)bytes;
        var unit = 0;
        while (value >= 1024 && unit < units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {units[unit]}");
    }

    /// <summary><c>83%</c>, <c>0.4%</c>.</summary>
    public static string Percent(double ratio) => ratio switch
    {
        > 0 and < 0.001 => "under 0.1%",
        < 0.1 => string.Create(CultureInfo.InvariantCulture, $"{ratio * 100:0.#}%"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{ratio * 100:0}%"),
    };

    /// <summary><c>1 socket</c>, <c>2 sockets</c>.</summary>
    public static string Plural(long count, string noun) => count == 1 ? $"1 {noun}" : $"{Count(count)} {noun}s";

    /// <summary>RFC 3339.</summary>
    public static string Machine(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary><c>2026-01-31 17:05:09 UTC</c>.</summary>
    public static string People(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>The word that is also the style class.</summary>
    public static string Word(Severity severity) => severity switch
    {
        Severity.Critical => "critical",
        Severity.Warning => "warning",
        _ => "info",
    };

    private static string Two(int large, string largeUnit, int small, string smallUnit) =>
        small == 0 ? $"{large} {largeUnit}" : $"{large} {largeUnit} {small} {smallUnit}";
}
