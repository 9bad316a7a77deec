using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Pods that get no requests because they are not ready.</summary>
public sealed class PodNotReadyRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "pod-not-ready";

    private static readonly TimeSpan s_starting = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_slowStart = TimeSpan.FromMinutes(5);

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "a serving pod is not ready",
        What = "A pod that is not ready is taken out of its Services: load balancers send it nothing, and its share goes to the others. "
            + "With none left they answer 502 or 503 themselves.",
        Why = "The remaining pods carry its load; when it was the last, every request fails.",
        Seen = $"The condition Ready; nothing during the first {HumanText.Duration(s_starting)}.",
        Levels =
        [
            new(Severity.Info, "it is starting"),
            new(Severity.Warning, $"it was ready before, or has not become ready in {HumanText.Duration(s_slowStart)}"),
            new(Severity.Critical, "no pod of the workload is ready"),
        ],
        Needs = [SourceNames.Kubernetes],
        Checks =
        [
            new("why", "kubectl -n $NAMESPACE describe pod $POD | sed -n '/Conditions/,/Volumes/p;/Events/,$p'"),
            new("its log", "kubectl -n $NAMESPACE logs $POD --all-containers --tail=50"),
            new("backends that are left", "kubectl -n $NAMESPACE get endpointslices"),
        ],
        Fixes =
        [
            new(
                "see what fails",
                "kubectl -n $NAMESPACE get events --field-selector involvedObject.name=$POD,reason=Unhealthy",
                FixPlace.Pod),
            new(
                "more time to start",
                "startupProbe: {httpGet: {path: /healthz, port: $PORT}, periodSeconds: 5, failureThreshold: 60}",
                FixPlace.Pod),
            new("go back", "kubectl -n $NAMESPACE rollout undo $ROLLOUT", FixPlace.Pod),
        ],
        References = ["https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions"],
        FollowsFrom =
        [
            new(ContainerRestartingRule.Id, CauseReach.SameSubject),
            new(ListenQueueOverflowRule.Id, CauseReach.SameSubject),
            new(ReadinessFlappingRule.Id, CauseReach.SameSubject),
        ],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var (pod, kubernetes) in Serving.WithKubernetes(context.Current))
        {
            if (kubernetes.Ready is not false
                || !Serving.IsServing(pod)
                || Serving.IsTerminating(pod)
                || SeverityOf(context, pod, kubernetes) is not { } severity)
            {
                continue;
            }

            var since = kubernetes.ReadyChangedAt is { } changed ? $" for {HumanText.Duration(context.Current.TakenAt - changed)}" : "";
            yield return Explanation.Report(
                severity,
                pod,
                $"{pod.Identity.DisplayName} is not ready{since}: load balancers send it nothing",
                Evidence(context, pod, kubernetes),
                Serving.Connections(pod) ?? 0);
        }
    }

    private static Severity? SeverityOf(DiagnosisContext context, PodSnapshot pod, KubernetesPod kubernetes)
    {
        if (LeavesNoBackend(context.Current, kubernetes))
        {
            return Severity.Critical;
        }

        if (WasReady(context, pod, kubernetes))
        {
            return Severity.Warning;
        }

        var age = context.Current.TakenAt - (kubernetes.StartTime ?? kubernetes.ReadyChangedAt);
        return age < s_starting ? null : age >= s_slowStart ? Severity.Warning : Severity.Info;
    }

    // Its condition changed long after it started, or it was seen to be ready.
    private static bool WasReady(DiagnosisContext context, PodSnapshot pod, KubernetesPod kubernetes) =>
        kubernetes.ReadyChangedAt - kubernetes.StartTime > s_slowStart
        || context.HistoryOf(pod.Identity).Any(static seen => seen.Pod.Kubernetes?.Ready == true);

    // All replicas are here, and none of them is ready although each had time to start.
    private static bool LeavesNoBackend(Snapshot snapshot, KubernetesPod kubernetes)
    {
        var here = Sisters(snapshot, kubernetes);
        return kubernetes.WorkloadReplicas is > 0 and var replicas
            && here.Count >= replicas
            && here.All(sister => sister.Ready == false && snapshot.TakenAt - sister.StartTime >= s_starting);
    }

    private static List<KubernetesPod> Sisters(Snapshot snapshot, KubernetesPod kubernetes) =>
    [
        .. Serving.WithKubernetes(snapshot)
            .Select(static pair => pair.Kubernetes)
            .Where(other => other.Workload is not null
                && other.Workload == kubernetes.Workload
                && other.Namespace == kubernetes.Namespace
                && other.DeletionTimestamp is null),
    ];

    private static IEnumerable<string> Evidence(DiagnosisContext context, PodSnapshot pod, KubernetesPod kubernetes)
    {
        yield return $"Condition Ready is false, phase {kubernetes.Phase}.";
        foreach (var container in Serving.Containers(kubernetes))
        {
            if (container.ReadinessProbe is { } probe)
            {
                yield return $"Readiness probe of {container.Name}: {probe.KindName}{(probe.Port is { } port ? $" at port {port}" : "")}, "
                    + $"every {HumanText.Seconds(probe.PeriodSeconds)}, time-out {HumanText.Seconds(probe.TimeoutSeconds)}.";
                if (probe.Port is { } probed && !pod.Listeners.IsEmpty && pod.Listeners.All(listener => listener.Port != probed))
                {
                    yield return $"Nothing in the pod listens on port {probed}.";
                }
            }
        }

        if (LeavesNoBackend(context.Current, kubernetes))
        {
            yield return $"No pod of {kubernetes.Workload!.DisplayName} is ready: there is no backend at all.";
        }
    }
}
