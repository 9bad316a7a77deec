using System.CommandLine;

namespace Agent.Commands;

/// <summary><c>closewatch help [COMMAND]</c>: the same as <c>--help</c>, for those who look for it as a command.</summary>
internal static class HelpCommand
{
    public static Command Create(Command root)
    {
        var words = new Argument<string[]>("COMMAND")
        {
            Description = "Whose help; without it, the list",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("help", "What a command does, its options and an example") { words };
        command.SetAction((parsed, _) =>
            CommandLineRunner.RunAgainAsync(root, [.. parsed.GetValue(words) ?? [], "--help"], parsed.InvocationConfiguration));
        return command;
    }
}
