using System.Globalization;
using System.Text.Json;
using Agent.Outside;

namespace Agent.Kubernetes;

/// <summary>How long a preStop hook waits, where that can be read off it.</summary>
internal static class PreStopSleep
{
    /// <param name="preStop">lifecycle.preStop of a container.</param>
    /// <returns>Whole seconds, rounded up; null when it does something else.</returns>
    public static int? Find(JsonElement preStop)
    {
        if (preStop.Child("sleep").Number("seconds") is { } seconds)
        {
            return seconds;
        }

        Span<string?> command = [null, null, null];
        var count = 0;
        foreach (var word in preStop.Child("exec").Items("command"))
        {
            if (count == command.Length)
            {
                return null;
            }

            command[count++] = word.AsText();
        }

        return count switch
        {
            2 when IsProgram(command[0], "sleep") => Seconds(command[1]),
            3 when IsShell(command[0]) && command[1] == "-c" => OfScript(command[2]),
            _ => null,
        };
    }

    private static bool IsShell(string? program) => IsProgram(program, "sh") || IsProgram(program, "bash") || IsProgram(program, "ash");

    private static bool IsProgram(string? path, string name) => path is not null && path[(path.LastIndexOf('/') + 1)..] == name;

    /// <summary><c>sleep 15</c>, also when more follows: the container is asked to end only after the wait.</summary>
    private static int? OfScript(string? script)
    {
        if (script is null)
        {
            return null;
        }

        var end = script.AsSpan().IndexOfAny(';', '&', '\n');
        var background = end >= 0 && script[end] == '&' && !script.AsSpan(end).StartsWith("&&");
        var words = (end < 0 ? script : script[..end]).Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return !background && words.Length == 2 && IsProgram(words[0], "sleep") ? Seconds(words[1]) : null;
    }

    /// <summary>The operand of sleep(1): a number, of seconds unless it ends in m or h.</summary>
    private static int? Seconds(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        var unit = text[^1] switch { 'm' => 60, 'h' => 3600, _ => 1 };
        var number = text[^1] is 's' or 'm' or 'h' ? text.AsSpan(..^1) : text;
        return double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            && value >= 0
            && value * unit <= int.MaxValue
            ? (int)Math.Ceiling(value * unit)
            : null;
    }
}
