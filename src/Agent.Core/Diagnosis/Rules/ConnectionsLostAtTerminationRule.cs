using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Pods that ended since the last minutes with connections open.</summary>
public sealed class ConnectionsLostAtTerminationRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "connections-lost-at-termination";

    // A kubelet ends the containers first, and what holds the pod's namespaces some seconds later.
    private static readonly TimeSpan s_outlives = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "a pod ended with connections open",
        What = """
            When the pod was last seen it had established connections of clients; at the next scan it was gone. What was idle may have been
            closed properly in between; what was at work was cut.
            """,
        Why = "The requests on these connections failed: who sent them saw a reset.",
        Seen = $"""
            The established connections of a pod at the last scan that saw it at work; its sandbox may outlive its containers by up to
            {HumanText.Duration(s_outlives)}.
            """,
        Levels =
        [
            new(
                Severity.Info,
                "it had a preStop hook and ended by itself, it was a Job's or a static pod, or nothing is known of it"),
            new(Severity.Warning, "it had no preStop hook"),
            new(Severity.Critical, "it was still there when its grace period ended, so it was killed"),
        ],
        Explains = LossClaim.ServerDied,
        Needs = [SourceNames.Pods, SourceNames.Namespaces, SourceNames.Sockets],
        Checks =
        [
            new("why it ended", "kubectl -n $NAMESPACE get events --field-selector involvedObject.name=$POD"),
            new("who replaced it", "kubectl -n $NAMESPACE get pods --sort-by=.status.startTime"),
        ],
        Fixes = DrainFixes.All,
        References = ["https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination", DrainFixes.GoogleCloud],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        var current = context.Current;
        if (current.Source(SourceNames.Pods) is not { Status: SourceStatus.Ok }
            || !current.HasSource(SourceNames.Namespaces)
            || context.Previous is null)
        {
            yield break;
        }

        var alive = current.Pods.Select(static pod => pod.Identity).ToHashSet();
        var gone = context.Earlier
            .Where(snapshot => current.TakenAt - snapshot.TakenAt <= CounterIncrease.Window)
            .SelectMany(static snapshot => snapshot.Pods)
            .Select(static pod => pod.Identity)
            .Where(identity => identity.Kind == PodKind.Pod && !alive.Contains(identity))
            .Distinct();
        foreach (var identity in gone)
        {
            var last = LastAtWork(context, [.. context.HistoryOf(identity)]);
            if (TerminationFacts.Connections(context, last.Pod) is > 0 and var connections)
            {
                yield return Report(context, last, connections);
            }
        }
    }

    // A scan between the two ends sees a pod without anything in it, which tells nothing of how its connections ended.
    private static PodObservation LastAtWork(DiagnosisContext context, List<PodObservation> seen)
    {
        var serving = seen.FindLastIndex(static one => !one.Pod.Listeners.IsEmpty);
        return serving >= 0
            && seen[^1].TakenAt - seen[serving].TakenAt <= s_outlives
            && seen.Skip(serving + 1).All(one => TerminationFacts.Connections(context, one.Pod) is null or 0)
                ? seen[serving]
                : seen[^1];
    }

    private Finding Report(DiagnosisContext context, PodObservation last, long connections)
    {
        var (severity, how) = Judge(context, last);
        return Explanation.Report(
            severity,
            last.Pod,
            $"{last.Pod.Identity.DisplayName} ended with {HumanText.Count(connections, "connection")} open",
            [
                $"{HumanText.Count(connections, "connection")} of clients were established when it was last seen, "
                + $"{HumanText.Duration(context.Current.TakenAt - last.TakenAt)} ago; some may have been closed properly since.",
                how,
            ],
            connections);
    }

    private static (Severity Severity, string How) Judge(DiagnosisContext context, PodObservation last)
    {
        if (last.Pod.Kubernetes is not { } kubernetes)
        {
            return (Severity.Info, "How it ended is not known without the API server; to be sure, let the agent list pods: kubectl auth "
                + $"can-i list pods --as=system:serviceaccount:{context.Current.Place.ServiceAccount}");
        }

        if (Serving.ServesNobody(kubernetes))
        {
            return (Severity.Info, $"It was of {kubernetes.Workload!.DisplayName}: no load balancer sends requests to such pods.");
        }

        // The scan after the last one that saw it: it was still there at the end of its grace period.
        var firstAbsent = context.All.First(snapshot => snapshot.TakenAt > last.TakenAt).TakenAt;
        if (kubernetes.DeletionTimestamp is { } end && end <= firstAbsent)
        {
            return (Severity.Critical, "Its grace period of "
                + $"{HumanText.Seconds(kubernetes.DeletionGracePeriodSeconds ?? kubernetes.TerminationGracePeriodSeconds ?? 30)} ran out: "
                    + "it was killed.");
        }

        return kubernetes.Containers.Any(static container => container.HasPreStop)
            ? (Severity.Info, "It has a preStop hook and ended before its grace period did: its application had time to close what "
                + "was idle.")
            : (Severity.Warning, "It has no preStop hook: its application stopped while load balancers still sent requests.");
    }
}
