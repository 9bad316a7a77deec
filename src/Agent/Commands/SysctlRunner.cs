using Agent.Configuration;
using Agent.Core;
using Agent.Core.Model;
using Agent.Core.Remediation;
using Agent.Core.Reporting;
using Agent.Remediation;
using Agent.Sources;
using Microsoft.Extensions.Logging.Abstractions;

namespace Agent.Commands;

/// <summary>Scans once, plans, shows the plan, and writes it when that was asked for.</summary>
internal sealed class SysctlRunner(CommandServices services)
{
    private readonly Terminal _terminal = services.Terminal;

    public async Task<int> RunAsync(SysctlRequest request)
    {
        if (services.LoadConfiguration(request.ConfigurationFile, request.Overrides) is not { } configuration)
        {
            return ExitCode.Usage;
        }

        using var signal = new TerminationSignal();
        var work = Task.Run(() => Run(request, configuration.Options, signal.Token), CancellationToken.None);
        await Task.WhenAny(work, signal.Received).ConfigureAwait(false);
        return signal.ExitCode != 0 ? signal.ExitCode : await work.ConfigureAwait(false);
    }

    private async Task<int> Run(SysctlRequest request, AgentOptions options, CancellationToken cancellationToken)
    {
        using var pods = await ReportPods.AskAsync(options, services.Time, cancellationToken).ConfigureAwait(false);
        using var scanner = services.CreateScanner(options, pods?.Source);
        var snapshot = scanner.Scan(ScanRequest.Full, cancellationToken);
        if (request.Writes && snapshot.Node.CapturedTree)
        {
            _terminal.WriteError(
                $"{options.Collection.ProcRoot} is a captured tree, which is never written; 'closewatch sysctl plan' shows what would be");
            return ExitCode.Usage;
        }

        if (snapshot.HostSettings is null && snapshot.Pods.All(static pod => pod.Settings is null))
        {
            _terminal.WriteError(
                $"no conntrack setting could be read: {snapshot.Source(SourceNames.Sysctl)?.Detail ?? "unknown"}; "
                + "load the module (modprobe nf_conntrack), or run it as root");
            return ExitCode.NothingRead;
        }

        using var remediator = new Remediator(
            $"closewatch sysctl apply ({Environment.UserName})", services.KubeProxyEndpoint, services.Time, NullLogger.Instance);
        var (plan, kubeProxy) = remediator.Plan(snapshot, options);
        foreach (var section in SysctlText.OfPlan(plan, kubeProxy))
        {
            Print(section, request);
        }

        if (!request.Writes)
        {
            return ExitCode.Done;
        }

        if (plan.Changes.IsEmpty)
        {
            return NothingToWrite(plan);
        }

        if (!request.IsConfirmed && !Confirms(plan.Changes.Length))
        {
            return ExitCode.Usage;
        }

        var outcomes = remediator.Apply(snapshot, plan);
        Print(SysctlText.OfOutcomes(outcomes), request);
        return outcomes.All(static outcome => outcome.Result is WriteResult.Written or WriteResult.AlreadyThere)
            ? ExitCode.Done
            : ExitCode.NothingRead;
    }

    /// <summary>That all is as it should be is something else than that nothing may be done about it.</summary>
    private int NothingToWrite(RemediationPlan plan)
    {
        if (plan.Refusals.IsEmpty && !plan.Desired.IsEmpty)
        {
            return ExitCode.Done;
        }

        var why = plan.Refusals.IsEmpty
            ? "no setting is looked after; see 'Left out' above, or set Remediation:Settings and Remediation:Scope"
            : $"{HumanText.Count(plan.Refusals.Length, "change")} refused; 'Not done' above says why and what to do instead";
        _terminal.WriteError($"nothing was written: {why}");
        return ExitCode.NothingRead;
    }

    private void Print(ReportSection section, SysctlRequest request) =>
        _terminal.Output.Write(TextReport.Render(section, _terminal.Style(request.Appearance)));

    private bool Confirms(int changes)
    {
        if (services.Answers is not { } open)
        {
            _terminal.WriteError("nothing was written: there is no terminal to ask at; repeat it with --yes");
            return false;
        }

        _terminal.Error.Write($"Write {HumanText.Count(changes, "value")}? [y/N] ");
        using var answers = open();
        if (answers.ReadLine()?.Trim().ToLowerInvariant() is "y" or "yes")
        {
            return true;
        }

        _terminal.WriteError("nothing was written");
        return false;
    }
}
