using Serilog.Events;

namespace Agent.Configuration;

/// <summary>Section Logging.</summary>
internal sealed record LoggingOptions
{
    public LogLevel Level { get; init; } = LogLevel.Information;

    public LogFormat Format { get; init; } = LogFormat.Auto;

    /// <summary><see cref="Level"/> as Serilog has it.</summary>
    public LogEventLevel EventLevel => Level switch
    {
        LogLevel.Trace => LogEventLevel.Verbose,
        LogLevel.Debug => LogEventLevel.Debug,
        LogLevel.Information => LogEventLevel.Information,
        LogLevel.Warning => LogEventLevel.Warning,
        LogLevel.Error => LogEventLevel.Error,
        LogLevel.Critical => LogEventLevel.Fatal,
        // Nothing is more severe than Fatal: nothing is written.
        _ => LogEventLevel.Fatal + 1,
    };
}

internal enum LogFormat
{
    /// <summary>Text on a terminal, json lines otherwise.</summary>
    Auto,
    Json,
    Text,
}
