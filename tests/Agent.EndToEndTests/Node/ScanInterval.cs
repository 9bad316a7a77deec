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

    // Five minutes at the default interval: by then each cause is found, and what is over is forgotten.
    private const int PatientScans = 20;

    // In so many, what a scene does is seen, and then held for three scans more.
    private const int LastingScans = 8;

    private static readonly string? s_asked = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? text : null;
    private static readonly TimeSpan s_seconds = s_asked is null ? TimeSpan.Zero : Seconds(s_asked);

    /// <summary>The settings of an agent, with the interval that is asked for.</summary>
    public static IReadOnlyList<string> Apply(IReadOnlyList<string> settings) =>
        s_asked is null
            ? settings
            : [.. settings.Select(static setting => setting.StartsWith(Key, StringComparison.Ordinal) ? Key + s_asked : setting)];

    /// <summary>How long something may take that takes so long at the scene's own interval.</summary>
    public static TimeSpan Patience(TimeSpan own) => own + (PatientScans * s_seconds);

    /// <summary>Seconds for which the kernel has to keep what the scans of a scene have to see, where it does so for that long at its own interval.</summary>
    public static int Lasting(int own) => own + (int)Math.Ceiling(LastingScans * s_seconds.TotalSeconds);

    private static TimeSpan Seconds(string text) =>
        text.EndsWith('s') && double.TryParse(text[..^1], NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds >= 1
            ? TimeSpan.FromSeconds(seconds)
            : throw new InvalidOperationException($"{Variable} is '{text}', which is no number of seconds, at least one: say it as in 15s");
}
