using System.Collections.Immutable;
using System.CommandLine;

namespace Agent.Commands;

/// <summary><c>closewatch completion bash|zsh|fish</c>: a script that lets the shell complete commands, options and their values.</summary>
internal sealed class CompletionCommand(CommandServices services, Command root)
{
    private static readonly ImmutableArray<string> s_shells = ["bash", "zsh", "fish"];

    private readonly Argument<string> _shell = new("SHELL") { Description = "bash, zsh or fish", HelpName = "bash|zsh|fish" };

    public Command Create()
    {
        var command = new Command("completion", "A script that lets the shell complete commands, options and their values") { _shell };
        command.SetAction(Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        var shell = parsed.GetValue(_shell)!;
        if (!s_shells.Contains(shell))
        {
            services.Terminal.WriteError($"there is no completion for {shell}; there is one for {string.Join(", ", s_shells)}");
            return ExitCode.Usage;
        }

        var words = CompletionWords.Of(root);
        services.Terminal.Output.Write(shell == "fish" ? CompletionScripts.Fish(words) : CompletionScripts.Posix(words, shell));
        return ExitCode.Done;
    }
}
