using System.Buffers;
using System.Globalization;

namespace Agent.Configuration;

/// <summary>Durations as people write them: <c>250ms</c>, <c>15s</c>, <c>1h30m</c>, <c>7d</c>; a plain number is seconds.</summary>
internal static class DurationText
{
    private static readonly (string Unit, TimeSpan Length)[] s_units =
    [
        ("d", TimeSpan.FromDays(1)),
        ("h", TimeSpan.FromHours(1)),
        ("m", TimeSpan.FromMinutes(1)),
        ("s", TimeSpan.FromSeconds(1)),
        ("ms", TimeSpan.FromMilliseconds(1)),
    ];

    private static readonly SearchValues<char> s_digits = SearchValues.Create("0123456789.");

    /// <summary>Parses parts in any order, each unit at most once. Negative or beyond ten years is refused.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        var rest = text.AsSpan().Trim();
        if (rest.IsEmpty)
        {
            return false;
        }

        if (TryNumber(rest, out var plainSeconds))
        {
            return TryScale(plainSeconds, TimeSpan.FromSeconds(1), ref duration);
        }

        var used = new HashSet<string>(StringComparer.Ordinal);
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(s_digits);
            if (digits <= 0 || !TryNumber(rest[..digits], out var number))
            {
                return false;
            }

            rest = rest[digits..];
            var letters = rest.IndexOfAny(s_digits);
            var unit = (letters < 0 ? rest : rest[..letters]).Trim().ToString();
            var known = Array.Find(s_units, candidate => candidate.Unit == unit);
            if (known.Unit is null || !used.Add(unit) || !TryScale(number, known.Length, ref duration))
            {
                return false;
            }

            rest = letters < 0 ? default : rest[letters..];
        }

        return true;
    }

    /// <summary>The shortest exact form: <c>1h30m</c>, <c>15s</c>, <c>250ms</c>.</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration < TimeSpan.FromMilliseconds(1))
        {
            return "0s";
        }

        var text = "";
        foreach (var (unit, length) in s_units)
        {
            var whole = duration.Ticks / length.Ticks;
            if (whole > 0)
            {
                text += whole.ToString(CultureInfo.InvariantCulture) + unit;
                duration -= length * whole;
            }
        }

        return text;
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out double number) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number)

        // Words such as -Infinity are numbers to the parser, whatever the style allows.
        && double.IsFinite(number);

    private static bool TryScale(double number, TimeSpan unit, ref TimeSpan sum)
    {
        var seconds = number * unit.TotalSeconds;
        if (!(seconds <= TimeSpan.FromDays(3650).TotalSeconds))
        {
            return false;
        }

        sum += TimeSpan.FromSeconds(seconds);
        return sum <= TimeSpan.FromDays(3650);
    }
}
