using System.Buffers;
using System.Text;
using Agent.Configuration;
using Agent.Core.Model;
using Agent.Core.Reporting;
using Agent.Core.Reporting.Html;
using Agent.Sources;

namespace Agent.Commands;

/// <summary>Scans, judges, prints.</summary>
internal sealed class ReportRunner(CommandServices services)
{
    private readonly Terminal _terminal = services.Terminal;

    public async Task<int> RunAsync(ReportRequest request)
    {
        if (services.LoadConfiguration(request.ConfigurationFile, request.Overrides) is not { } configuration)
        {
            return ExitCode.Usage;
        }

        using var signal = new TerminationSignal();
        var scan = Task.Run(() => Scan(configuration.Options, request.Window, signal.Token), CancellationToken.None);
        var ended = Task.WhenAny(scan, signal.Received);
        await ScanProgress.ShowAsync(ended, request.Window > TimeSpan.Zero ? "scanning twice" : "scanning", _terminal, services.Time).ConfigureAwait(false);
        await ended.ConfigureAwait(false);

        // A scan that is inside a system call cannot be waited for; it ends with the process.
        return signal.ExitCode != 0 ? signal.ExitCode : Report(request, configuration.Options, await scan.ConfigureAwait(false));
    }

    private async Task<(Snapshot? Previous, Snapshot Current)> Scan(AgentOptions options, TimeSpan window, CancellationToken cancellationToken)
    {
        using var pods = await ReportPods.AskAsync(options, services.Time, cancellationToken).ConfigureAwait(false);
        using var scanner = services.CreateScanner(options, pods?.Source);
        var first = scanner.Scan(ScanRequest.Full, cancellationToken);
        if (window == TimeSpan.Zero)
        {
            return (null, first);
        }

        await Task.Delay(window, services.Time, cancellationToken).ConfigureAwait(false);
        return (first, scanner.Scan(ScanRequest.Full, cancellationToken));
    }

    private int Report(ReportRequest request, AgentOptions options, (Snapshot? Previous, Snapshot Current) scans)
    {
        var (previous, current) = scans;
        if (Readability.Check(current, Environment.IsPrivilegedProcess) is { Unreadable: true } nothing)
        {
            _terminal.WriteError(nothing.Message);
            return ExitCode.NothingRead;
        }

        var diagnosis = services.Diagnose(new(current, previous is null ? [] : [previous], options.Diagnosis), []);
        var view = ReportView.Create(new(current, previous, diagnosis, options.Diagnosis, request.Options, VersionCommand.Build));
        if (request.Options.IsFiltered && view.Pods.IsEmpty)
        {
            _terminal.WriteError(NotHere(request.Options, current));
            return ExitCode.Usage;
        }

        Print(request, options, view);
        if (Readability.Check(current, Environment.IsPrivilegedProcess) is { Denied: true } partial)
        {
            _terminal.WriteError(partial.Message);
            return ExitCode.NothingRead;
        }

        return request.FailOn is { } limit && view.Diagnosis.Worst >= limit ? ExitCode.FindingsAtOrAbove : ExitCode.Done;
    }

    private void Print(ReportRequest request, AgentOptions options, ReportView view)
    {
        switch (request.Format)
        {
            case ReportFormat.Json:
                var json = new ArrayBufferWriter<byte>();
                JsonReport.Write(view, json);
                _terminal.Output.WriteLine(Encoding.UTF8.GetString(json.WrittenSpan));
                break;
            case ReportFormat.Markdown:
                _terminal.Output.Write(MarkdownReport.Render(ReportDocumentBuilder.Build(view)));
                break;
            case ReportFormat.Html:
                HtmlReport.Write(
                    _terminal.Output,
                    view.Snapshot with { Pods = view.Pods, Connections = view.Connections },
                    view.Diagnosis,
                    new() { Version = VersionCommand.Build.Version, Commit = VersionCommand.Build.Commit, Diagnosis = options.Diagnosis });
                break;
            default:
                _terminal.Output.Write(TextReport.Render(ReportDocumentBuilder.Build(view), _terminal.Style(request.NoColor)));
                break;
        }
    }

    private static string NotHere(ReportOptions options, Snapshot snapshot)
    {
        var (what, wanted, known) = options.Pod is { } pod
            ? ("pod", pod, snapshot.Pods.Select(candidate => pod.Contains('/', StringComparison.Ordinal) ? candidate.Identity.DisplayName : candidate.Identity.Name))
            : ("pod in namespace", options.Namespace!, snapshot.Pods.Select(static candidate => candidate.Identity.Namespace).Where(static name => name.Length > 0).Distinct());
        return $"there is no {what} {wanted} on node {snapshot.Node.Name}; {NearestName.Hint(wanted, known, "'closewatch report' lists the pods, 'kubectl get pod -o wide' shows where they run")}";
    }
}
