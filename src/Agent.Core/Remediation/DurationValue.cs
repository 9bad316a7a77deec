using System.Globalization;
using System.Text.RegularExpressions;

namespace Agent.Core.Remediation;

/// <summary>Durations as Kubernetes writes them (Go's time.Duration): <c>1h0m0s</c>, <c>90s</c>; also a plain number of seconds.</summary>
public static partial class DurationValue
{
    /// <summary>Whole seconds.</summary>
    /// <returns>False for anything else: signs, fractions, other characters, numbers of more than nine digits.</returns>
    public static bool TryParseSeconds(string text, out long seconds)
    {
        seconds = 0;
        var match = Pattern().Match(text);
        if (!match.Success || text.Length == 0)
        {
            return false;
        }

        seconds = (Number(match, "hours") * 3600) + (Number(match, "minutes") * 60) + Number(match, "seconds");
        return true;
    }

    private static long Number(Match match, string group) =>
        match.Groups[group] is { Success: true } digits ? long.Parse(digits.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"\A(?:(?:(?<hours>[0-9]{1,9})h)?(?:(?<minutes>[0-9]{1,9})m)?(?:(?<seconds>[0-9]{1,9})s)?|(?<seconds>[0-9]{1,9}))\z")]
    private static partial Regex Pattern();
}
