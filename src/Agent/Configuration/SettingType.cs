namespace Agent.Configuration;

/// <summary>How the values of a key are written.</summary>
/// <param name="Name">For people and the table in the documentation.</param>
/// <param name="Parse">Reads a value.</param>
/// <param name="Format">Writes a value so that <see cref="Parse"/> reads it again.</param>
internal sealed record SettingType<T>(string Name, Func<string, ParsedSetting<T>> Parse, Func<T, string> Format)
{
    /// <summary>The same type, with values limited.</summary>
    public SettingType<T> Where(string range, Func<T, bool> isValid) => this with
    {
        Parse = text =>
        {
            var parsed = Parse(text);
            return parsed.Reason is null && !isValid(parsed.Value!)
                ? ParsedSetting<T>.Failed("is out of range", $"must be {range}")
                : parsed;
        },
    };
}

/// <summary>A value, or why there is none and what to do.</summary>
internal readonly record struct ParsedSetting<T>(T? Value, string? Reason, string Remedy)
{
    public static ParsedSetting<T> Of(T value) => new(value, null, "");

    public static ParsedSetting<T> Failed(string reason, string remedy) => new(default, reason, remedy);
}
