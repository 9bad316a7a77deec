using System.CommandLine;
using System.Text.Json;
using Agent.Configuration;
using Agent.Core;
using Agent.Core.Reporting;
using Agent.Reporting;

namespace Agent.Commands;

/// <summary><c>closewatch config</c>: the effective configuration and where each value came from.</summary>
/// <remarks>No key holds a secret: certificates, keys and tokens are given as names of files, and only these are shown.</remarks>
internal sealed class ConfigCommand(CommandServices services, CommonOptions common)
{
    private readonly Option<ReportFormat> _output = OutputChoice.Create();

    public Command Create()
    {
        var command = new Command("config", "The effective configuration and where each value came from") { _output };
        command.SetAction(Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        if (services.LoadConfiguration(parsed.GetValue(common.Config)) is not { } configuration)
        {
            return ExitCode.Usage;
        }

        if (parsed.GetValue(_output) == ReportFormat.Json)
        {
            return OutputChoice.Write(services.Terminal, json => Write(json, configuration));
        }

        var style = services.Terminal.Style(common.AppearanceOf(parsed));
        var names = configuration.Settings.Max(static setting => setting.Name.Length);
        var values = Math.Min(28, configuration.Settings.Max(static setting => setting.Value.Length));
        foreach (var setting in configuration.Settings)
        {
            var value = HumanText.Printable(setting.Value.Length == 0 ? "\"\"" : setting.Value).PadRight(values);
            var isDefault = setting.Origin == "default";
            services.Terminal.Output.WriteLine(
                $"{setting.Name.PadRight(names)}  {(isDefault ? value : style.Bold(value))}  "
                + style.Paint(HumanText.Printable(setting.Origin), isDefault ? Tone.Muted : Tone.Notice));
        }

        return ExitCode.Done;
    }

    private static void Write(Utf8JsonWriter json, AgentConfiguration configuration)
    {
        json.WriteStartArray();
        foreach (var setting in configuration.Settings)
        {
            json.WriteStartObject();
            json.WriteString("key", setting.Name);
            json.WriteString("value", setting.Value);
            json.WriteString("origin", setting.Origin);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
