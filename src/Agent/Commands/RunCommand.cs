using System.CommandLine;
using Agent.Hosting;
using Agent.Kubernetes;

namespace Agent.Commands;

/// <summary><c>closewatch run</c>: the long-running agent.</summary>
internal sealed class RunCommand(CommandServices services, CommonOptions common)
{
    /// <summary>5,000 agents that start together then ask the API server 2,500 times a second, which answers from its cache.</summary>
    private static readonly TimeSpan s_startSpread = TimeSpan.FromSeconds(2);

    public Command Create()
    {
        var command = new Command("run", "The long-running agent: scans every interval, serves metrics and reports over HTTP");
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (services.LoadConfiguration(parsed.GetValue(common.Config)) is not { } configuration)
        {
            return ExitCode.Usage;
        }

        try
        {
            await AgentHost.RunAsync(
                new()
                {
                    Configuration = configuration,
                    CreateScanner = services.CreateScanner,
                    Diagnose = services.Diagnose,
                    Kubernetes = PodWatcherSettings.FromOptions(configuration.Options.Pods) is { } kubernetes
                        ? kubernetes with { StartSpread = s_startSpread }
                        : null,
                    Time = services.Time,
                },
                cancellationToken).ConfigureAwait(false);
            return ExitCode.Done;
        }
        catch (AgentStartException e)
        {
            services.Terminal.WriteError(e.Message);
            return ExitCode.Usage;
        }
    }
}
