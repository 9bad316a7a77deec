namespace Agent.Configuration;

/// <summary>Section Logging.</summary>
internal sealed record LoggingOptions
{
    public LogLevel Level { get; init; } = LogLevel.Information;

    public LogFormat Format { get; init; } = LogFormat.Auto;
}

internal enum LogFormat
{
    /// <summary>Text on a terminal, json lines otherwise.</summary>
    Auto,
    Json,
    Text,
}
