using System.CommandLine;

namespace Agent.Commands;

/// <summary>Options of every command.</summary>
internal sealed class CommonOptions
{
    public Option<string?> Config { get; } = new("--config")
    {
        Description = "Configuration file (default: /etc/closewatch/closewatch.json when it exists). Single keys: --Section:Key=value",
        HelpName = "FILE",
        Recursive = true,
    };

    public Option<bool> NoColor { get; } = new("--no-color") { Description = "No colours (also: NO_COLOR=1)", Recursive = true };

    public Option<bool> Debug { get; } = new("--debug") { Description = "Show a stack trace with an internal error", Recursive = true };

    public IEnumerable<Option> All => [Config, NoColor, Debug];
}
