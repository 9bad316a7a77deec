using System.CommandLine;
using Agent.Configuration;

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

    private readonly Option<ColorChoice> _color = Everywhere(TypedOption.Create(
        "--color", "auto|always|never", "Colours: on a terminal, everywhere or nowhere (also: NO_COLOR=1, CLICOLOR_FORCE=1)",
        SettingTypes.Choice(("auto", ColorChoice.Auto), ("always", ColorChoice.Always), ("never", ColorChoice.Never))));

    private readonly Option<bool> _noColor = new("--no-color") { Description = "As --color never", Recursive = true };

    private readonly Option<int?> _width = Everywhere(TypedOption.Create(
        "--width", "N", "Columns of text (default: the terminal's, otherwise COLUMNS or 80)",
        TypedOption.Nullable(SettingTypes.Integer(Appearance.MinWidth, Appearance.MaxWidth))));

    public Option<bool> Debug { get; } = new("--debug") { Description = "Show a stack trace with an internal error", Recursive = true };

    public IEnumerable<Option> All => [Config, _color, _noColor, _width, Debug];

    /// <summary>How text is to look.</summary>
    public Appearance AppearanceOf(ParseResult parsed) =>
        new(parsed.GetValue(_noColor) ? ColorChoice.Never : parsed.GetValue(_color), parsed.GetValue(_width));

    private static Option<T> Everywhere<T>(Option<T> option)
    {
        option.Recursive = true;
        return option;
    }
}
