using System.Globalization;
using Agent.Configuration;
using Agent.Kernel.Terminals;
using Agent.Loop;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Display;

namespace Agent.Hosting;

/// <summary>Serilog as the provider behind Microsoft.Extensions.Logging: json lines for machines, text for people.</summary>
internal static class AgentLogging
{
    private const string TextTemplate = "{Timestamp:HH:mm:ss} {Level:u3} {Message:lj}{NewLine}{Exception}";

    /// <summary>Makes the logger.</summary>
    /// <param name="options">Level and format.</param>
    /// <param name="level">Follows reloads of Logging:Level.</param>
    /// <param name="sink">Takes the log instead of the standard output.</param>
    /// <param name="loss">Counts what the standard output did not take.</param>
    /// <param name="time">The clock.</param>
    public static Logger Create(LoggingOptions options, LoggingLevelSwitch level, ILogEventSink? sink, LogLoss loss, TimeProvider time)
    {
        level.MinimumLevel = options.EventLevel;
#pragma warning disable CA2000 // The logger disposes of its sinks, and the queue leaves the standard output to the process.
        sink ??= new LogQueue(Formatter(options.Format), new StandardStream(StandardStream.Output), loss);
        var paced = new PacedSink(sink, time);
#pragma warning restore CA2000
        return new LoggerConfiguration()
            .MinimumLevel.ControlledBy(level)
            // Of the web server only what went wrong: a bad request is the client's matter.
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)

            // The command says this itself, in one line instead of a stack trace.
            .Filter.ByExcluding(static logged => logged.MessageTemplate.Text == "Hosting failed to start")
            .WriteTo.Sink(paced)
            .CreateLogger();
    }

    private static ITextFormatter Formatter(LogFormat format) =>
        format == LogFormat.Json || (format == LogFormat.Auto && Console.IsOutputRedirected)
            ? new JsonLineFormatter()
            : new MessageTemplateTextFormatter(TextTemplate, CultureInfo.InvariantCulture);
}
