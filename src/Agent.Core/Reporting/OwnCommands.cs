using System.Collections.Immutable;

namespace Agent.Core.Reporting;

/// <summary>This program's commands as they are typed where a report is read.</summary>
/// <param name="Caller">Where that is.</param>
/// <param name="Node">The node that the report is of, printable.</param>
/// <param name="Pod">The pod that this program runs in, <c>NAMESPACE/NAME</c>; empty where in none, and where it is not known.</param>
public sealed record OwnCommands(Caller Caller, string Node, string Pod)
{
    private const string Program = "closewatch ";
    private const string PodOption = " --pod ";

    private static readonly ImmutableArray<string> s_ofPlugin = ["report", "trace", "explain"];

    /// <summary>Those of a report.</summary>
    public static OwnCommands Of(ReportInput input) =>
        new(input.Options.Caller, HumanText.Printable(input.Current.Node.Name), HumanText.Printable(input.Current.Place.AgentPod));

    /// <summary>
    /// A command of this program by the plugin, or inside the pod where the program is; any other command, and the agent itself, as it was.
    /// </summary>
    public string AsTyped(string command)
    {
        if (!command.StartsWith(Program, StringComparison.Ordinal))
        {
            return command;
        }

        var words = command[Program.Length..];
        var verb = words.Split(' ', 2)[0];
        return verb == "run" ? command
            : Caller == Caller.Plugin && s_ofPlugin.Contains(verb) ? OfPlugin(verb, words[verb.Length..])
            : Pod.Split('/') is [var space, var name] ? $"kubectl -n {space} exec {name} -- {command}"
            : command;
    }

    // The plugin finds the node of a pod by itself, and has none to look for where an explanation is asked for.
    private string OfPlugin(string verb, string options)
    {
        var pod = options.IndexOf(PodOption, StringComparison.Ordinal);
        var isOfPod = pod >= 0 && options.AsSpan(pod + PodOption.Length).Contains('/');
        return $"kubectl closewatch {verb}{(isOfPod || verb == "explain" ? "" : $" {Node}")}{options}";
    }
}

/// <summary>Where the reader of a report types commands.</summary>
public enum Caller
{
    /// <summary>Where this program runs: a shell of the node, or what can reach the pod.</summary>
    Shell,

    /// <summary>Elsewhere, by the plugin of kubectl.</summary>
    Plugin,
}
