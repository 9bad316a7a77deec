using System.CommandLine;
using System.CommandLine.Invocation;
using System.Runtime.InteropServices;
using Agent.Core.Reporting;
using Agent.Hosting;

namespace Agent.Commands;

/// <summary><c>closewatch version</c>, also <c>--version</c>.</summary>
internal static class VersionCommand
{
    /// <summary>The build, as reports name it.</summary>
    public static ToolInfo Build { get; } = new(AgentBuild.Current.Version, AgentBuild.Current.Commit);

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
        var commit = Build.Commit.Length == 0 ? "commit unknown" : $"commit {Build.Commit}";
        terminal.Output.WriteLine(
            $"closewatch {Build.Version} ({commit}, {AgentBuild.Current.Runtime}, {RuntimeInformation.RuntimeIdentifier})");
        return ExitCode.Done;
    }
}
