using System.CommandLine;
using Agent.Configuration;
using Agent.Core.Diagnosis;
using Agent.Core.Reporting;
using Agent.Reporting;

namespace Agent.Commands;

/// <summary><c>closewatch explain [FINDING]</c>: what a finding means, how it is seen and how to fix it.</summary>
internal sealed class ExplainCommand(CommandServices services, CommonOptions common)
{
    private readonly Argument<string?> _finding = new("FINDING")
    {
        Description = "Id of a finding; without it, the list",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<ReportFormat> _output = OutputChoice.Create();

    public Command Create()
    {
        var command = new Command("explain", "What a finding means, how it is detected and how to fix it") { _finding, _output };
        command.SetAction(Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        var style = services.Terminal.Style(common.AppearanceOf(parsed));
        var id = parsed.GetValue(_finding);
        if (id is null)
        {
            return parsed.GetValue(_output) == ReportFormat.Json
                ? OutputChoice.Write(services.Terminal, static json => ExplanationJson.Write(json, FindingCatalog.All))
                : List(style);
        }

        if (FindingCatalog.Find(id.ToLowerInvariant()) is { } explanation)
        {
            if (parsed.GetValue(_output) == ReportFormat.Json)
            {
                return OutputChoice.Write(services.Terminal, json => ExplanationJson.Write(json, explanation));
            }

            services.Terminal.Output.Write(ExplanationText.Render(explanation, style));
            return ExitCode.Done;
        }

        var hint = NearestName.Hint(id, FindingCatalog.All.Select(static known => known.Id), "'closewatch explain' lists them");
        services.Terminal.WriteError($"there is no finding {id}; {hint}");
        return ExitCode.Usage;
    }

    private int List(TextStyle style)
    {
        var width = FindingCatalog.All.Max(static explanation => explanation.Id.Length);
        foreach (var explanation in FindingCatalog.All)
        {
            services.Terminal.Output.WriteLine($"{style.Bold(explanation.Id.PadRight(width))}  {style.Fit(explanation.Title)}");
        }

        return ExitCode.Done;
    }
}
