using System.Globalization;

namespace Agent.Core.Reporting.Html;

/// <summary>Numbers as the other reports write them, with words where those have a question mark.</summary>
internal static class HtmlFormat
{
    /// <summary>What stands where something could not be read.</summary>
    public const string Unknown = "unknown";

    /// <summary><c>1,234</c>.</summary>
    public static string Count(long? value) => value is { } known ? HumanText.Count(known) : Unknown;

    /// <summary>As <see cref="HumanText.Duration(TimeSpan)"/>.</summary>
    public static string Duration(TimeSpan? duration) => duration is { } known ? HumanText.Duration(known) : Unknown;

    /// <summary>A number of seconds as <see cref="Duration"/>.</summary>
    public static string Seconds(long? seconds) => Duration(seconds is { } known ? TimeSpan.FromSeconds(known) : null);

    /// <summary>RFC 3339.</summary>
    public static string Machine(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
