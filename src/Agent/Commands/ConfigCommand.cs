using System.CommandLine;
using Agent.Core;
using Agent.Core.Reporting;

namespace Agent.Commands;

/// <summary><c>closewatch config</c>: the effective configuration and where each value came from.</summary>
/// <remarks>No key holds a secret: certificates, keys and tokens are given as names of files, and only these are shown.</remarks>
internal sealed class ConfigCommand(CommandServices services, CommonOptions common)
{
    public Command Create()
    {
        var command = new Command("config", "The effective configuration and where each value came from");
        command.SetAction(Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        if (services.LoadConfiguration(parsed.GetValue(common.Config)) is not { } configuration)
        {
            return ExitCode.Usage;
        }

        var style = services.Terminal.Style(parsed.GetValue(common.NoColor));
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
}
