using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Agent.Commands;

/// <summary>The help of a command, followed by an example.</summary>
/// <param name="help">What prints the help.</param>
/// <param name="examples">Lines by the command's name.</param>
internal sealed class HelpWithExample(HelpAction help, IReadOnlyDictionary<string, string[]> examples) : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        var code = help.Invoke(parseResult);
        if (examples.TryGetValue(parseResult.CommandResult.Command.Name, out var lines))
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine(lines.Length == 1 ? "Example:" : "Examples:");
            foreach (var line in lines)
            {
                output.WriteLine($"  {line}");
            }
        }

        return code;
    }
}
