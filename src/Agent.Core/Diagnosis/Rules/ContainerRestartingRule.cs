using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Containers that restart: each time their connections are cut.</summary>
public sealed class ContainerRestartingRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "container-restarting";

    private const int CrashLoop = 3;

    private static readonly TimeSpan s_recent = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_forgotten = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "containers restart",
        What = "A container that dies takes all its connections with it; nothing drains them. Until it listens again, connections to it "
            + "are refused.",
        Why = "Each restart cuts every connection of the container: requests at work fail with 502.",
        Seen = "Restart counts and the last termination.",
        Levels =
        [
            new(Severity.Info, $"within the last {HumanText.Duration(s_forgotten)}"),
            new(Severity.Warning, $"rising while watched, or {CrashLoop} or more with one in the last {HumanText.Duration(s_recent)}"),
            new(Severity.Critical, $"{CrashLoop} or more while watched"),
        ],
        Explains = LossClaim.ServerDied,
        Needs = [SourceNames.Kubernetes],
        Checks =
        [
            new(
                "why it died",
                "kubectl -n $NAMESPACE get pod $POD -o jsonpath='{range .status.containerStatuses[*]}{.name}: {.restartCount} "
                + "{.lastState.terminated}{\"\\n\"}{end}'"),
            new("its last words", "kubectl -n $NAMESPACE logs $POD --previous --tail=50"),
            new("kills by the kernel", "dmesg -T | grep -i 'killed process'"),
        ],
        Fixes =
        [
            new("container, after OOMKilled", "resources: {requests: {memory: 512Mi}, limits: {memory: 1Gi}}", FixPlace.Pod),
            new("container, after a failed liveness probe", "livenessProbe: {timeoutSeconds: 5, failureThreshold: 6}", FixPlace.Pod),
            new("go back", "kubectl -n $NAMESPACE rollout undo $WORKLOAD", FixPlace.Pod),
        ],
        References = ["https://kubernetes.io/docs/tasks/debug/debug-application/debug-running-pod/"],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var (pod, kubernetes) in Serving.WithKubernetes(context.Current))
        {
            var earlier = context.HistoryOf(pod.Identity)
                .Select(static seen => seen.Pod.Kubernetes)
                .FirstOrDefault(static seen => seen is not null);
            var rise = earlier is null ? 0 : kubernetes.Restarts - earlier.Restarts;
            var since = context.Current.TakenAt - kubernetes.Containers.Max(static container => container.LastTerminatedAt);
            if (kubernetes.Restarts == 0 || Serving.IsTerminating(pod) || (rise <= 0 && since >= s_forgotten))
            {
                continue;
            }

            var severity = rise >= CrashLoop ? Severity.Critical
                : rise > 0 || (since < s_recent && kubernetes.Restarts >= CrashLoop) ? Severity.Warning
                : Severity.Info;
            var connections = Serving.Connections(pod) ?? 0;
            yield return Explanation.Report(
                severity,
                pod,
                rise > 0
                    ? $"{pod.Identity.DisplayName} restarted {HumanText.Count(rise, "time")} in "
                        + $"{HumanText.Duration(Watched(context, pod))}: each restart cuts its connections"
                    : $"{pod.Identity.DisplayName} has restarted {HumanText.Count(kubernetes.Restarts, "time")}{LastTime(since)}",
                kubernetes.Containers.Where(static container => container.Restarts > 0).Select(container => Line(context, container)),
                Math.Max(connections, rise));
        }
    }

    private static TimeSpan Watched(DiagnosisContext context, PodSnapshot pod) =>
        context.Current.TakenAt - context.HistoryOf(pod.Identity).First(static seen => seen.Pod.Kubernetes is not null).TakenAt;

    private static string LastTime(TimeSpan? ago) => ago is { } known ? $", the last time {HumanText.Duration(known)} ago" : "";

    private static string Line(DiagnosisContext context, KubernetesContainer container)
    {
        var when = LastTime(context.Current.TakenAt - container.LastTerminatedAt);
        var why = container.LastTerminationReason is { Length: > 0 } reason ? $": {reason}" : "";
        return $"Container {container.Name} restarted {HumanText.Count(container.Restarts, "time")}{when}{why}.";
    }
}
