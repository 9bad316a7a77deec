using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Agent.Configuration;
using Agent.Reporting;

namespace Agent.Commands;

/// <summary><c>-o text|json</c> of the commands that print a list.</summary>
internal static class OutputChoice
{
    private static readonly JsonWriterOptions s_json = new() { Indented = true, Encoder = JavaScriptEncoder.Default };

    /// <summary>The option.</summary>
    public static Option<ReportFormat> Create() => TypedOption.Create(
        "--output", "text|json", "Text for people, or one JSON document (default: text)",
        SettingTypes.Choice(("text", ReportFormat.Text), ("json", ReportFormat.Json)),
        "-o");

    /// <summary>Writes one JSON document and ends its line.</summary>
    public static int Write(Terminal terminal, Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, s_json))
        {
            write(json);
        }

        terminal.Output.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length)));
        return ExitCode.Done;
    }
}
