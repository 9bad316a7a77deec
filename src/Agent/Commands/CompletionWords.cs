using System.Collections.Immutable;
using System.CommandLine;
using System.Text.RegularExpressions;
using Agent.Core.Diagnosis;

namespace Agent.Commands;

/// <summary>What may follow a command.</summary>
/// <param name="Path">The command's words, without the program's name; empty for the program itself.</param>
/// <param name="Words">Commands and options, and values of arguments.</param>
/// <param name="Values">Words that may follow an option; empty where files are meant.</param>
internal sealed partial record CompletionWords(
    string Path, ImmutableArray<string> Words, ImmutableSortedDictionary<string, ImmutableArray<string>> Values)
{
    /// <summary>Every command of a tree, the program first.</summary>
    public static ImmutableArray<CompletionWords> Of(Command root) => [.. Of(root, "", [])];

    private static IEnumerable<CompletionWords> Of(Command command, string path, ImmutableArray<Option> inherited)
    {
        ImmutableArray<Option> options = [.. command.Options.Where(static option => !option.Hidden), .. inherited];
        yield return new(
            path,
            [
                .. command.Subcommands.Select(static child => child.Name),
                .. command.Arguments.SelectMany(Choices),
                .. command.Name == "explain" ? FindingCatalog.All.Select(static known => known.Id) : [],
                .. options.Select(static option => option.Name).Distinct(),
            ],
            options
                .Where(static option => option.HelpName is not null)
                .SelectMany(static option => option.Aliases.Append(option.Name).Select(name => (name, Values: Choices(option.HelpName!))))
                .DistinctBy(static pair => pair.name)
                .ToImmutableSortedDictionary(static pair => pair.name, static pair => pair.Values, StringComparer.Ordinal));
        ImmutableArray<Option> recursive = [.. inherited, .. command.Options.Where(static option => option.Recursive)];
        foreach (var child in command.Subcommands)
        {
            foreach (var below in Of(child, $"{path} {child.Name}".Trim(), recursive))
            {
                yield return below;
            }
        }
    }

    private static IEnumerable<string> Choices(Argument argument) => argument.HelpName is { } name ? Choices(name) : [];

    // text|json is a choice of words, PRESET|DURATION none.
    private static ImmutableArray<string> Choices(string helpName) =>
        WordsOfChoice().IsMatch(helpName) ? [.. helpName.Split('|')] : [];

    [GeneratedRegex(@"^[a-z]+(\|[a-z]+)+$")]
    private static partial Regex WordsOfChoice();
}
