namespace Agent.EndToEndTests;

/// <summary>What a program that has ended said.</summary>
public sealed record CommandResult(string Command, int ExitCode, string Output, string Error)
{
    /// <summary>The lines of standard output, without the empty ones.</summary>
    public IEnumerable<string> Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>This, or an exception that tells what the program said.</summary>
    public CommandResult Checked() => ExitCode == 0
        ? this
        : throw new InvalidOperationException($"'{Command}' ended with exit code {ExitCode}: {Error.Trim()} {Output.Trim()}");
}
