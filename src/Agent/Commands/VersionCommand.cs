using System.CommandLine;
using System.CommandLine.Invocation;
using System.Runtime.InteropServices;
using Agent.Hosting;

namespace Agent.Commands;

/// <summary><c>closewatch version</c>, also <c>--version</c>.</summary>
internal static class VersionCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new Command("version", "Version, commit, .NET and platform");
        command.SetAction(_ => Print(terminal));
        return command;
    }

    /// <summary>Prints the same for <c>--version</c>.</summary>
    public sealed class OptionAction(Terminal terminal) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult) => Print(terminal);
    }

    private static int Print(Terminal terminal)
    {
        var build = AgentBuild.Current;
        var commit = build.Commit.Length == 0 ? "commit unknown" : $"commit {build.Commit}";
        terminal.Output.WriteLine($"closewatch {build.Version} ({commit}, {build.Runtime}, {RuntimeInformation.RuntimeIdentifier})");
        return ExitCode.Done;
    }
}
