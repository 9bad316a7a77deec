using System.CommandLine;
using System.CommandLine.Invocation;
using System.Runtime.InteropServices;
using Agent.Hosting;
using Agent.Reporting;

namespace Agent.Commands;

/// <summary><c>closewatch version</c>, also <c>--version</c>.</summary>
internal sealed class VersionCommand(Terminal terminal)
{
    private readonly Option<ReportFormat> _output = OutputChoice.Create();

    public Command Create()
    {
        var command = new Command("version", "Version, commit, .NET and platform") { _output };
        command.SetAction(parsed => parsed.GetValue(_output) == ReportFormat.Json ? PrintJson() : Print(terminal));
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

    private int PrintJson() => OutputChoice.Write(terminal, static json =>
    {
        var build = AgentBuild.Current;
        json.WriteStartObject();
        json.WriteString("version", build.Version);
        if (build.Commit.Length > 0)
        {
            json.WriteString("commit", build.Commit);
        }

        json.WriteString("runtime", build.Runtime);
        json.WriteString("platform", RuntimeInformation.RuntimeIdentifier);
        json.WriteEndObject();
    });
}
