using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Display;

namespace Agent.Hosting;

/// <summary>One line of JSON for each event: time, level, message, then what the message is made of.</summary>
internal sealed class JsonLineFormatter : ITextFormatter
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Said already by other members.</summary>
    private static readonly string[] s_left = ["EventId", "SourceContext"];

    private readonly MessageTemplateTextFormatter _message = new("{Message:lj}", CultureInfo.InvariantCulture);

    public void Format(LogEvent logEvent, TextWriter output)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, s_options))
        {
            json.WriteStartObject();
            json.WriteString("time", logEvent.Timestamp.UtcDateTime);
            json.WriteString("level", LevelOf(logEvent.Level));
            json.WriteString("message", MessageOf(logEvent));
            foreach (var (name, value) in logEvent.Properties.ExceptBy(s_left, static property => property.Key))
            {
                Write(json, JsonNamingPolicy.CamelCase.ConvertName(name), value);
            }

            if (logEvent.Exception is { } exception)
            {
                json.WriteString("exception", exception.ToString());
            }

            json.WriteEndObject();
        }

        output.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    private static void Write(Utf8JsonWriter json, string name, LogEventPropertyValue value)
    {
        switch ((value as ScalarValue)?.Value)
        {
            case long or int:
                json.WriteNumber(name, Convert.ToInt64(((ScalarValue)value).Value, CultureInfo.InvariantCulture));
                break;
            case double number when double.IsFinite(number):
                json.WriteNumber(name, number);
                break;
            case bool flag:
                json.WriteBoolean(name, flag);
                break;
            case string text:
                json.WriteString(name, text);
                break;
            default:
                json.WriteString(name, value.ToString(null, CultureInfo.InvariantCulture));
                break;
        }
    }

    private static string LevelOf(LogEventLevel level) => level switch
    {
        LogEventLevel.Verbose => "trace",
        LogEventLevel.Debug => "debug",
        LogEventLevel.Information => "information",
        LogEventLevel.Warning => "warning",
        LogEventLevel.Error => "error",
        _ => "critical",
    };

    private string MessageOf(LogEvent logEvent)
    {
        using var message = new StringWriter(CultureInfo.InvariantCulture);
        _message.Format(logEvent, message);
        return message.ToString();
    }
}
