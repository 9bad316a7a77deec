using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using Agent.Configuration;
using Agent.Core;

namespace Agent.Commands;

/// <summary>Runs a command tree: one line for every mistake, and an exit code for everything.</summary>
internal static class CommandLineRunner
{
    private static readonly ParserConfiguration s_parser = new() { ResponseFileTokenReplacer = null };

    /// <summary>Splits arguments of the form <c>--Section:Key=value</c> from the rest.</summary>
    public static (ImmutableArray<string> Settings, ImmutableArray<string> Others) Split(IEnumerable<string> arguments)
    {
        var settings = ImmutableArray.CreateBuilder<string>();
        var others = ImmutableArray.CreateBuilder<string>();
        foreach (var argument in arguments)
        {
            (IsSetting(argument) ? settings : others).Add(argument);
        }

        return (settings.ToImmutable(), others.ToImmutable());
    }

    public static async Task<int> RunAsync(Command root, CommonOptions options, IReadOnlyList<string> arguments, Terminal terminal)
    {
        var parsed = root.Parse(arguments, s_parser);
        if (parsed.Errors.Count > 0)
        {
            foreach (var message in Mistakes(parsed).Distinct())
            {
                terminal.WriteError(message);
            }

            return ExitCode.Usage;
        }

        try
        {
            // Signals are the commands' own business: each has something to end in its own way.
            return await parsed.InvokeAsync(new()
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
                Output = terminal.Output,
                Error = terminal.Error,
            }).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            terminal.WriteError(
                $"internal error: {e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}; "
                + "run it again with --debug and report what it prints");
            if (parsed.GetValue(options.Debug))
            {
                terminal.Error.WriteLine(e);
            }

            return ExitCode.InternalError;
        }
    }

    /// <summary>Runs another command line of the same tree; mistakes in it are told as usual.</summary>
    public static async Task<int> RunAgainAsync(Command root, IReadOnlyList<string> arguments, InvocationConfiguration configuration)
    {
        var parsed = root.Parse(arguments, s_parser);
        var mistakes = Mistakes(parsed).ToArray();
        foreach (var message in mistakes)
        {
            await configuration.Error.WriteLineAsync($"closewatch: {HumanText.Printable(message)}").ConfigureAwait(false);
        }

        return mistakes.Length > 0 ? ExitCode.Usage : await parsed.InvokeAsync(configuration).ConfigureAwait(false);
    }

    private static IEnumerable<string> Mistakes(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var path = Path(parsed.CommandResult);
        var unknownOptions = parsed.UnmatchedTokens.Where(static token => token.StartsWith('-')).ToArray();
        foreach (var option in unknownOptions)
        {
            var name = option.Split('=', ':')[0];
            var known = Options(parsed.CommandResult).SelectMany(static candidate => candidate.Aliases.Append(candidate.Name));
            var hint = Meant(name) ?? NearestName.Hint(name, known, $"'{path} --help' lists what there is");
            yield return $"unknown option {name}; {hint}";
        }

        // What follows an unknown option is its value, not a mistake of its own.
        foreach (var word in parsed.UnmatchedTokens.Take(unknownOptions.Length == 0 ? 1 : 0))
        {
            var kind = command.Subcommands.Count > 0 ? "command" : "argument";
            var known = command.Subcommands.Select(static known => known.Name);
            yield return $"unknown {kind} {word}; {NearestName.Hint(word, known, $"'{path} --help' lists what there is")}";
        }

        bool IsSaid(ParseError error) =>
            parsed.UnmatchedTokens.Any(token => error.Message.Contains(token, StringComparison.Ordinal));
        foreach (var error in parsed.Errors.Where(error => !IsSaid(error)))
        {
            var remedy = error.Message.Contains(';', StringComparison.Ordinal) ? "" : $"; see '{path} --help'";
            yield return error.Message.TrimEnd('.') + remedy;
        }
    }

    /// <summary>What other programs have under this name; null where nothing is known of it.</summary>
    private static string? Meant(string option) => option switch
    {
        "--json" => "did you mean -o json?",
        "--yaml" => "there is no YAML; -o json is read by everything that reads YAML",
        "-v" or "-V" => "did you mean --version? More output is --details, a stack trace --debug",
        "--verbose" or "-vv" => "did you mean --details?",
        _ => null,
    };

    private static IEnumerable<Option> Options(CommandResult result)
    {
        foreach (var option in result.Command.Options)
        {
            yield return option;
        }

        for (var parent = result.Parent as CommandResult; parent is not null; parent = parent.Parent as CommandResult)
        {
            foreach (var option in parent.Command.Options.Where(static option => option.Recursive))
            {
                yield return option;
            }
        }
    }

    private static string Path(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{Path(parent)} {result.Command.Name}" : "closewatch";

    /// <summary>Two hyphens, letters and a colon; the rest is for the configuration to judge.</summary>
    private static bool IsSetting(string argument)
    {
        var name = argument.StartsWith("--", StringComparison.Ordinal) ? argument.AsSpan(2) : default;
        var colon = name.IndexOf(':');
        foreach (var letter in name[..Math.Max(0, colon)])
        {
            if (!char.IsAsciiLetter(letter))
            {
                return false;
            }
        }

        return colon > 0;
    }
}
