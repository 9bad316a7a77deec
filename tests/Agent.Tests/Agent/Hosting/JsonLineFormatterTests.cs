using System.Text.Json;
using Agent.Hosting;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Xunit;

namespace Agent.Tests.Agent.Hosting;

public sealed class JsonLineFormatterTests
{
    [Fact]
    public void Format_Event_IsOneLineWithItsParts()
    {
        var sink = new FormattingSink();
        using var logger = new LoggerConfiguration().WriteTo.Sink(sink).CreateLogger();
        logger.Warning(new InvalidOperationException("two\nlines"), "Source {Source} has {Records} records, {Share}", "a\"b\n", 42, 0.5);
        Assert.Equal(1, sink.Text.Count(static character => character == '\n'));
        using var line = JsonDocument.Parse(sink.Text);
        Assert.Equal("warning", line.RootElement.GetProperty("level").GetString());
        Assert.Equal("Source a\"b\n has 42 records, 0.5", line.RootElement.GetProperty("message").GetString());
        Assert.Equal("a\"b\n", line.RootElement.GetProperty("source").GetString());
        Assert.Equal(42, line.RootElement.GetProperty("records").GetInt32());
        Assert.Equal(0.5, line.RootElement.GetProperty("share").GetDouble());
        Assert.Contains("two\nlines", line.RootElement.GetProperty("exception").GetString(), StringComparison.Ordinal);
        Assert.Equal(DateTimeKind.Utc, line.RootElement.GetProperty("time").GetDateTime().Kind);
    }

    private sealed class FormattingSink : ILogEventSink
    {
        public string Text { get; private set; } = "";

        public void Emit(LogEvent logEvent)
        {
            using var text = new StringWriter();
            new JsonLineFormatter().Format(logEvent, text);
            Text += text;
        }
    }
}
