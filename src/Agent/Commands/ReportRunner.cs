using System.Text;
using Agent.Configuration;
using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Core.Reporting;
using Agent.Hosting;
using Agent.Reporting;
using Agent.Sources;

namespace Agent.Commands;

/// <summary>Asks the running agent for its report; without one, scans, judges and prints.</summary>
internal sealed class ReportRunner(CommandServices services)
{
    private readonly Terminal _terminal = services.Terminal;

    // Written together with the next report: nobody looks at an empty screen while that is made.
    private string _before = "";

    public async Task<int> RunAsync(ReportRequest request)
    {
        if (services.LoadConfiguration(request.ConfigurationFile, request.Overrides) is not { } configuration)
        {
            return ExitCode.Usage;
        }

        using var signal = new TerminationSignal();
        while (true)
        {
            var exitCode = await RunOnceAsync(request, configuration.Options, signal).ConfigureAwait(false);
            if (request.Watch is not { } pause)
            {
                return exitCode;
            }

            await Task.WhenAny(Task.Delay(pause, services.Time, signal.Token), signal.Received).ConfigureAwait(false);
            if (signal.ExitCode != 0)
            {
                return signal.ExitCode;
            }

            // Cursor home and erase in display (ECMA-48), so that the report stands where it stood; in a file one follows the other.
            _before = _terminal.OutputIsTerminal && request.Format == ReportFormat.Text ? "\e[H\e[2J" : "";
        }
    }

    private async Task<int> RunOnceAsync(ReportRequest request, AgentOptions options, TerminationSignal signal)
    {
        var work = Task.Run(() => AskOrScanAsync(request, options, signal.Token), CancellationToken.None);
        var ended = Task.WhenAny(work, signal.Received);
        if (request.Format == ReportFormat.Text || !_terminal.OutputIsTerminal)
        {
            // Where both are one terminal, as kubectl exec -t makes them, it would stand in the middle of a JSON document.
            await ScanProgress.ShowAsync(ended, request.Window > TimeSpan.Zero ? "scanning twice" : "scanning", _terminal, services.Time)
                .ConfigureAwait(false);
        }

        await ended.ConfigureAwait(false);
        if (signal.ExitCode != 0)
        {
            // A scan that is inside a system call cannot be waited for; it ends with the process.
            return signal.ExitCode;
        }

        var (answer, scans) = await work.ConfigureAwait(false);
        if (scans is not null)
        {
            return Report(request, options, scans, answer.WhyNot);
        }

        _terminal.Output.Write(_before + answer.Report);
        return ExitFor(request, answer.Worst);
    }

    private async Task<(AgentAnswer Answer, Scans? Scans)> AskOrScanAsync(
        ReportRequest request, AgentOptions options, CancellationToken cancellationToken)
    {
        var answer = request.Fresh ? AgentAnswer.None("--fresh was given")
            : request.Window > TimeSpan.Zero ? AgentAnswer.None("--window was given")
            : await services.AskAgent(options, new(request.Format, request.Options, Style(request)), cancellationToken)
                .ConfigureAwait(false);
        return (answer, answer.Report is null ? await ScanAsync(options, request.Window, cancellationToken).ConfigureAwait(false) : null);
    }

    private async Task<Scans> ScanAsync(AgentOptions options, TimeSpan window, CancellationToken cancellationToken)
    {
        using var pods = await ReportPods.AskAsync(options, services.Time, cancellationToken).ConfigureAwait(false);
        using var scanner = services.CreateScanner(options, pods?.Source);
        if (window == TimeSpan.Zero)
        {
            return new(null, scanner.Scan(ScanRequest.Full, cancellationToken));
        }

        // For so short a time everything is heard, whatever it costs.
        using var ends = new ConnectionEndWatch(options.Collection with { CpuBudgetPercent = 100 }, services.Time);
        var request = ScanRequest.Full with { Ends = ends };
        var first = scanner.Scan(request, cancellationToken);
        await Task.Delay(window, services.Time, cancellationToken).ConfigureAwait(false);
        ends.Finish();
        return new(first, scanner.Scan(request, cancellationToken));
    }

    private int Report(ReportRequest request, AgentOptions options, Scans scans, string whyScanned)
    {
        var (previous, current) = scans.Judge(options.Diagnosis);
        if (Readability.Check(current, Readability.IsRootOfNode) is { Unreadable: true } nothing)
        {
            _terminal.WriteError(nothing.Message);
            return ExitCode.NothingRead;
        }

        var diagnosis = services.Diagnose(new(current, previous is null ? [] : [previous], options.Diagnosis), []);
        var view = ReportView.Create(new(current, previous, diagnosis, options.Diagnosis, request.Options, AgentBuild.Current)
        {
            Origin = ReportOrigin.Command(services.Time.GetUtcNow() - current.TakenAt, whyScanned),
        });
        if (request.Options.IsFiltered && view.Pods.IsEmpty)
        {
            _terminal.WriteError(NotHere(request.Options, current));
            return ExitCode.Usage;
        }

        _terminal.Output.Write(_before + Encoding.UTF8.GetString(ReportRenderer.Render(request.Format, view, Style(request), [])));
        if (Readability.Check(current, Readability.IsRootOfNode) is { Denied: true } partial)
        {
            _terminal.WriteError(partial.Message);
            return ExitCode.NothingRead;
        }

        return ExitFor(request, view.Diagnosis.Worst);
    }

    private TextStyle Style(ReportRequest request) => _terminal.Style(request.Appearance);

    private static int ExitFor(ReportRequest request, Severity? worst) =>
        request.FailOn is { } limit && worst >= limit ? ExitCode.FindingsAtOrAbove : ExitCode.Done;

    private static string NotHere(ReportOptions options, Snapshot snapshot)
    {
        var (what, wanted, known) = options.Pod is { } pod
            ? (
                "pod",
                pod,
                snapshot.Pods.Select(
                    candidate => pod.Contains('/', StringComparison.Ordinal) ? candidate.Identity.DisplayName : candidate.Identity.Name))
            : (
                "pod in namespace",
                options.Namespace!,
                snapshot.Pods.Select(static candidate => candidate.Identity.Namespace).Where(static name => name.Length > 0).Distinct());
        const string lists = "'closewatch report' lists the pods, 'kubectl get pod -o wide' shows where they run";
        return $"there is no {what} {wanted} on node {snapshot.Node.Name}; {NearestName.Hint(wanted, known, lists)}";
    }

    /// <summary>What was read.</summary>
    /// <param name="Previous">The scan before, for rates; null without --window.</param>
    /// <param name="Current">The scan.</param>
    private sealed record Scans(Snapshot? Previous, Snapshot Current)
    {
        public Scans Judge(Thresholds thresholds) =>
            new(Previous is null ? null : ThresholdJudge.Judge(Previous, thresholds), ThresholdJudge.Judge(Current, thresholds));
    }
}
