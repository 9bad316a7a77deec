using System.Globalization;
using Agent.Core.Model;

namespace Agent.Configuration;

/// <summary>The types that keys have.</summary>
internal static class SettingTypes
{
    private const string DurationExamples = "for example 250ms, 15s, 1h30m, or a number of seconds";

    public static SettingType<TimeSpan> Duration { get; } = new(
        "duration",
        static text => DurationText.TryParse(text, out var value)
            ? ParsedSetting<TimeSpan>.Of(value)
            : ParsedSetting<TimeSpan>.Failed("is not a duration", $"write {DurationExamples}"),
        DurationText.Format);

    public static SettingType<bool> Boolean { get; } = new(
        "true or false",
        static text => text.Trim().ToLowerInvariant() switch
        {
            "true" or "yes" or "on" or "1" => ParsedSetting<bool>.Of(true),
            "false" or "no" or "off" or "0" => ParsedSetting<bool>.Of(false),
            _ => ParsedSetting<bool>.Failed("is neither true nor false", "write true or false"),
        },
        static value => value ? "true" : "false");

    public static SettingType<string> Text { get; } = new(
        "text", static text => ParsedSetting<string>.Of(text.Trim()), static value => value);

    /// <summary>Empty, or an absolute path. Whether something is there is found out by whoever opens it.</summary>
    public static SettingType<string> FilePath { get; } = new(
        "path",
        static text => text.Length == 0 || Path.IsPathRooted(text)
            ? ParsedSetting<string>.Of(text)
            : ParsedSetting<string>.Failed("is not an absolute path", "start it with /"),
        static value => value);

    public static SettingType<string> ListenUrl { get; } = new("URL", ParseListenUrl, static value => value);

    public static SettingType<Upstream> Upstream { get; } = new(
        string.Join('|', Core.Model.Upstream.Presets.Select(static preset => preset.Name)) + "|duration",
        ParseUpstream,
        static value => value.Name);

    public static SettingType<int> Integer(int minimum, int maximum) => new(
        "integer",
        text => !long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? ParsedSetting<int>.Failed("is not an integer", "write digits only")
            : value >= minimum && value <= maximum
                ? ParsedSetting<int>.Of((int)value)
                : ParsedSetting<int>.Failed(
                    "is out of range", string.Create(CultureInfo.InvariantCulture, $"must be from {minimum} to {maximum}")),
        static value => value.ToString(CultureInfo.InvariantCulture));

    public static SettingType<double> Number(double above, double maximum) => new(
        "number",
        text => !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            ? ParsedSetting<double>.Failed("is not a number", "write it with a point, for example 0.75")
            : value > above && value <= maximum
                ? ParsedSetting<double>.Of(value)
                : ParsedSetting<double>.Failed(
                    "is out of range", string.Create(CultureInfo.InvariantCulture, $"must be above {above} and at most {maximum}")),
        static value => value.ToString("0.0###", CultureInfo.InvariantCulture));

    /// <summary>One of a few words.</summary>
    public static SettingType<T> Choice<T>(params (string Word, T Value)[] words)
        where T : struct, Enum => new(
        string.Join('|', words.Select(static pair => pair.Word)),
        text =>
        {
            var wanted = text.Trim();
            var index = Array.FindIndex(words, pair => string.Equals(pair.Word, wanted, StringComparison.OrdinalIgnoreCase));
            return index >= 0
                ? ParsedSetting<T>.Of(words[index].Value)
                : ParsedSetting<T>.Failed(
                    "is not a known value",
                    (NearestName.Find(wanted, words.Select(static pair => pair.Word)) is { } nearest ? $"did you mean {nearest}? " : "")
                        + $"it is one of {string.Join(", ", words.Select(static pair => pair.Word))}");
        },
        value => Array.Find(words, pair => EqualityComparer<T>.Default.Equals(pair.Value, value)).Word);

    private static ParsedSetting<string> ParseListenUrl(string text) => ListenAddress.Parse(text, out var problem) is null
        ? ParsedSetting<string>.Failed(
            problem, "write http://ADDRESS:PORT, for example http://127.0.0.1:9742, or http://*:9742 for all addresses")
        : ParsedSetting<string>.Of(text.Trim());

    private static ParsedSetting<Upstream> ParseUpstream(string text)
    {
        var name = text.Trim();
        var presets = Core.Model.Upstream.Presets;
        if (presets.FirstOrDefault(preset => string.Equals(preset.Name, name, StringComparison.OrdinalIgnoreCase)) is { } preset)
        {
            return ParsedSetting<Upstream>.Of(preset);
        }

        return DurationText.TryParse(name, out var keepAlive) && keepAlive > TimeSpan.Zero
            ? ParsedSetting<Upstream>.Of(
                new Upstream(name, $"an upstream that keeps idle connections for {DurationText.Format(keepAlive)}", keepAlive))
            : ParsedSetting<Upstream>.Failed(
                "is neither a known load balancer nor a duration",
                (NearestName.Find(name, presets.Select(static known => known.Name)) is { } nearest ? $"did you mean {nearest}? " : "")
                    + $"it is one of {string.Join(", ", presets.Select(static known => known.Name))}, "
                    + "or how long idle connections are kept, for example 75s");
    }
}
