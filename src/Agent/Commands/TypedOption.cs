using System.CommandLine;
using System.CommandLine.Parsing;
using Agent.Configuration;

namespace Agent.Commands;

/// <summary>
/// Options whose values are read as configuration keys' are: the same forms, and errors that say the reason and the remedy.
/// </summary>
internal static class TypedOption
{
    public static Option<T> Create<T>(string name, string helpName, string description, SettingType<T> type, params string[] aliases) =>
        new(name, aliases)
        {
            Description = description,
            HelpName = helpName,
            CustomParser = result => Parse(name, type, result),
        };

    /// <summary>An option whose value may be left out.</summary>
    public static Option<T?> WithOptionalValue<T>(string name, string helpName, string description, T value, SettingType<T> type)
        where T : struct => new(name)
        {
            Description = description,
            HelpName = helpName,
            Arity = ArgumentArity.ZeroOrOne,
            CustomParser = result => result.Tokens.Count == 0 ? value : Parse(name, Nullable(type), result),
        };

    public static SettingType<T?> Nullable<T>(SettingType<T> type)
        where T : struct => new(
        type.Name,
        text => type.Parse(text) is var parsed && parsed.Reason is { } reason
            ? ParsedSetting<T?>.Failed(reason, parsed.Remedy)
            : ParsedSetting<T?>.Of(parsed.Value),
        value => value is { } known ? type.Format(known) : "");

    private static T? Parse<T>(string name, SettingType<T> type, ArgumentResult result)
    {
        var text = result.Tokens.Count == 0 ? "" : result.Tokens[^1].Value;
        var parsed = type.Parse(text);
        if (parsed.Reason is { } reason)
        {
            result.AddError($"{name} {text}: {reason}; {parsed.Remedy}");
        }

        return parsed.Value;
    }
}
