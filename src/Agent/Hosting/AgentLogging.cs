using System.Globalization;
using Agent.Configuration;
using Serilog;
using Serilog.Core;
using Serilog.Events;

namespace Agent.Hosting;

/// <summary>Serilog as the provider behind Microsoft.Extensions.Logging: json lines for machines, text for people.</summary>
internal static class AgentLogging
{
    private const string TextTemplate = "{Timestamp:HH:mm:ss} {Level:u3} {Message:lj}{NewLine}{Exception}";

    /// <summary>Makes the logger.</summary>
    /// <param name="options">Level and format.</param>
    /// <param name="level">Follows reloads of Logging:Level.</param>
    /// <param name="sink">Takes the log instead of the console.</param>
    public static Logger Create(LoggingOptions options, LoggingLevelSwitch level, ILogEventSink? sink)
    {
        level.MinimumLevel = options.EventLevel;
        var logging = new LoggerConfiguration()
            .MinimumLevel.ControlledBy(level)
            // Of the web server only what went wrong: a bad request is the client's matter.
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)

            // The command says this itself, in one line instead of a stack trace.
            .Filter.ByExcluding(static logged => logged.MessageTemplate.Text == "Hosting failed to start");
        if (sink is not null)
        {
            return logging.WriteTo.Sink(sink).CreateLogger();
        }

        return IsJson(options.Format)
            ? logging.WriteTo.Console(new JsonLineFormatter()).CreateLogger()
            : logging.WriteTo.Console(outputTemplate: TextTemplate, formatProvider: CultureInfo.InvariantCulture).CreateLogger();
    }

    private static bool IsJson(LogFormat format) => format switch
    {
        LogFormat.Json => true,
        LogFormat.Text => false,
        _ => Console.IsOutputRedirected,
    };
}
