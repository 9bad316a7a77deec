using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Pods that become ready and unready again and again.</summary>
public sealed class ReadinessFlappingRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "readiness-flapping";

    // Starting is one change; losing readiness once and getting it back are two more.
    private const int FewestChanges = 3;
    private const int FewestLosses = 2;

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "a pod becomes ready and unready again and again",
        What = """
            Each change moves connections and load between pods. Mostly the probe is answered too late because the pod is busy: then taking
            it out makes the others busier, until they fail in turn.
            """,
        Why = "Load balancers add and remove the backend all the time: connections are cut, and requests meet a backend that is "
            + "just leaving.",
        Seen = "Changes of the condition Ready over the last minutes.",
        Levels =
        [
            new(Severity.Warning, $"{FewestChanges} changes, or {FewestLosses} losses of readiness"),
        ],
        Needs = [SourceNames.Kubernetes],
        Checks =
        [
            new("the changes", "kubectl -n $NAMESPACE get pod $POD -w"),
            new(
                "failed probes and their reason",
                "kubectl -n $NAMESPACE get events --field-selector involvedObject.name=$POD,reason=Unhealthy"),
        ],
        Fixes =
        [
            new(
                "see what fails",
                "kubectl -n $NAMESPACE get events --field-selector involvedObject.name=$POD,reason=Unhealthy",
                FixPlace.Pod),
            new(
                "container, a probe with more patience",
                "readinessProbe: {httpGet: {path: /healthz, port: $PORT}, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 3}",
                FixPlace.Pod),
            new(
                "container, a probe that asks this pod only",
                "readinessProbe: {httpGet: {path: /ready-without-dependencies, port: $PORT}}",
                FixPlace.Pod),
            new("more replicas", "kubectl -n $NAMESPACE scale $WORKLOAD --replicas=$REPLICAS", FixPlace.Pod),
        ],
        References = ["https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/"],
        FollowsFrom =
        [
            new(ContainerRestartingRule.Id, CauseReach.SameSubject),
            new(ListenQueueOverflowRule.Id, CauseReach.SameSubject),
        ],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var (pod, kubernetes) in Serving.WithKubernetes(context.Current))
        {
            if (Serving.IsTerminating(pod))
            {
                continue;
            }

            List<PodObservation> seen =
            [
                .. context.HistoryOf(pod.Identity).Where(static one => one.Pod.Kubernetes?.Ready is not null),
                new(context.Current, pod),
            ];
            var pairs = seen.Zip(seen.Skip(1)).ToList();
            var changes = pairs.Count(static pair => Changed(pair.First.Pod.Kubernetes!, pair.Second.Pod.Kubernetes!));
            var losses = pairs.Count(static pair => pair.First.Pod.Kubernetes!.Ready == true
                && Changed(pair.First.Pod.Kubernetes!, pair.Second.Pod.Kubernetes!));
            if (changes < FewestChanges && losses < FewestLosses)
            {
                continue;
            }

            var over = HumanText.Duration(context.Current.TakenAt - seen[0].TakenAt);
            yield return Explanation.Report(
                Severity.Warning,
                pod,
                $"{pod.Identity.DisplayName} became ready or unready {changes} times in {over}",
                [
                    $"The condition Ready changed at least {changes} times in {over}; it is "
                    + $"{(kubernetes.Ready == true ? "true" : "false")} now.",
                    .. kubernetes.Containers
                        .Where(static container => container.ReadinessProbe is not null)
                        .Select(static container => Describe(container.Name, container.ReadinessProbe!)),
                ],
                changes);
        }
    }

    private static string Describe(string container, KubernetesProbe probe) =>
        $"Readiness probe of {container}: every {HumanText.Seconds(probe.PeriodSeconds)}, "
        + $"time-out {HumanText.Seconds(probe.TimeoutSeconds)}, fails after {probe.FailureThreshold}.";

    // The time tells of a change and its reverse between two scans, too.
    private static bool Changed(KubernetesPod earlier, KubernetesPod later) =>
        earlier.Ready != later.Ready
            || (earlier.ReadyChangedAt is not null && later.ReadyChangedAt is not null && earlier.ReadyChangedAt != later.ReadyChangedAt);
}
