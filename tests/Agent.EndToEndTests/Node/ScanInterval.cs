using System.Globalization;

namespace Agent.EndToEndTests.Node;

/// <summary>
/// How often the agents of scenes scan: as each scene asks for, so that it is short, or all as often as CLOSEWATCH_E2E_INTERVAL says: 15s is
/// the agent's default.
/// </summary>
public static class ScanInterval
{
    private const string Variable = "CLOSEWATCH_E2E_INTERVAL";
    private const string Key = "Collection:Interval=";

    // What some rules compare before they are sure, twice: for a cause to appear, and for what was said meanwhile to go.
    private const int Scans = 20;

    private static readonly string? s_asked = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? text : null;
    private static readonly TimeSpan s_seconds = s_asked is null ? TimeSpan.Zero : Seconds(s_asked);

    /// <summary>The settings of an agent, with the interval that is asked for.</summary>
    public static IReadOnlyList<string> Apply(IReadOnlyList<string> settings) =>
        s_asked is null
            ? settings
            : [.. settings.Select(static setting => setting.StartsWith(Key, StringComparison.Ordinal) ? Key + s_asked : setting)];

    /// <summary>How long something may take that takes so long at the scene's own interval.</summary>
    public static TimeSpan Patience(TimeSpan own) => own + (Scans * s_seconds);

    private static TimeSpan Seconds(string text) =>
        text.EndsWith('s') && double.TryParse(text[..^1], NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds >= 1
            ? TimeSpan.FromSeconds(seconds)
            : throw new InvalidOperationException($"{Variable} is '{text}', which is no number of seconds, at least one: say it as in 15s");
}
