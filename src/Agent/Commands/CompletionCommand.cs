using System.Collections.Immutable;
using System.CommandLine;

namespace Agent.Commands;

/// <summary><c>closewatch completion bash|zsh|fish</c>: a script that lets the shell complete commands, options and their values.</summary>
internal sealed class CompletionCommand(CommandServices services, Command root)
{
    private static readonly ImmutableArray<string> s_shells = ["bash", "zsh", "fish"];

    private readonly Argument<string?> _shell = new("SHELL")
    {
        Description = "bash, zsh or fish",
        HelpName = "bash|zsh|fish",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public Command Create()
    {
        var command = new Command("completion", "A script that lets the shell complete commands, options and their values") { _shell };
        command.SetAction(Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        if (parsed.GetValue(_shell) is not { } shell || !s_shells.Contains(shell))
        {
            var what = parsed.GetValue(_shell) is { } unknown ? $"there is no completion for {unknown}" : "the name of a shell is missing";
            services.Terminal.WriteError($"{what}; there is one for {string.Join(", ", s_shells)}");
            return ExitCode.Usage;
        }

        var words = CompletionWords.Of(root);
        services.Terminal.Output.Write(shell == "fish" ? CompletionScripts.Fish(words) : CompletionScripts.Posix(words, shell));
        return ExitCode.Done;
    }
}
