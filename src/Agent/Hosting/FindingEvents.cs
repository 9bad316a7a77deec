using Agent.Configuration;
using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Core.Reporting;
using Agent.Kubernetes;
using Agent.Loop;

namespace Agent.Hosting;

/// <summary>Hands the critical findings about pods to the API server, while Pods:Events asks for it.</summary>
internal sealed partial class FindingEvents(
    PodEvents events, SnapshotStore store, AgentOptionsStore options, TimeProvider time, ILogger<FindingEvents> logger) : BackgroundService
{
    /// <summary>Of the critical findings of a scan, those about pods whose uid is known.</summary>
    internal static IEnumerable<PodEvent> Of(Snapshot snapshot, DiagnosisResult diagnosis)
    {
        var uids = snapshot.Pods
            .Where(static pod => pod.Identity.Kind == PodKind.Pod && pod.Identity.Uid.Length > 0)
            .ToLookup(static pod => FindingSubject.Of(pod.Identity), static pod => pod.Identity.Uid);
        return from finding in diagnosis.Findings
               where finding.Severity == Severity.Critical && finding.Subject.Kind == SubjectKind.Pod
               let uid = uids[finding.Subject].FirstOrDefault()
               where uid is not null
               select new PodEvent(finding.Subject.Namespace, finding.Subject.Name, uid, finding.Id, Message(finding));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // A finding lasts for some scans: one look in the usual interval misses none that matters.
        using var timer = new PeriodicTimer(new CollectionOptions().Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                if (options.Current.Pods.Events == PodEventLevel.Critical && store.Fresh(out _) is { } scan)
                {
                    await events.SayAsync(Of(scan.Snapshot, scan.Diagnosis), stoppingToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The agent ends.
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            LogBug(exception);
        }
    }

    private static string Message(Finding finding) =>
        finding.Fix is [var first, ..]
            ? $"{finding.Title}. Do first {FindingText.Fix(first)}. More: closewatch explain {finding.Id}"
            : finding.Title;

    [LoggerMessage(EventId = 63, Level = LogLevel.Error,
        Message = "An error in this program while writing events: there will be no more of them")]
    private partial void LogBug(Exception exception);
}
