using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using System.Runtime.InteropServices;
using Agent.Core.Reporting;

namespace Agent.Commands;

/// <summary><c>closewatch version</c>, also <c>--version</c>.</summary>
internal static class VersionCommand
{
    /// <summary>The build; the SDK writes <c>version+commit</c> into the assembly when it is built in a git tree.</summary>
    public static ToolInfo Build { get; } = Read();

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
        terminal.Output.WriteLine($"closewatch {Build.Version} ({commit}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier})");
        return ExitCode.Done;
    }

    private static ToolInfo Read()
    {
        var text = typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";
        var parts = text.Split('+', 2);
        return new(parts[0], parts.Length == 2 ? parts[1] : "");
    }
}
