using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Containers that restart: each time their connections are cut.</summary>
public sealed class ContainerRestartingRule : IFindingRule
{
    private const int CrashLoop = 3;

    private static readonly TimeSpan s_recent = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_forgotten = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public string Id => FindingIds.ContainerRestarting;

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var (pod, kubernetes) in Serving.WithKubernetes(context.Current))
        {
            var earlier = context.HistoryOf(pod.Identity).Select(static seen => seen.Pod.Kubernetes).FirstOrDefault(static seen => seen is not null);
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
            yield return FindingCatalog.Get(Id).Report(
                severity,
                pod,
                rise > 0
                    ? $"{pod.Identity.DisplayName} restarted {Text.Count(rise, "time")} in {Text.Duration(Watched(context, pod))}: each restart cuts its connections"
                    : $"{pod.Identity.DisplayName} has restarted {Text.Count(kubernetes.Restarts, "time")}{(since is { } last ? $", the last time {Text.Duration(last)} ago" : "")}",
                kubernetes.Containers.Where(static container => container.Restarts > 0).Select(container => Line(context, container)),
                Math.Max(connections, rise));
        }
    }

    private static TimeSpan Watched(DiagnosisContext context, PodSnapshot pod) =>
        context.Current.TakenAt - context.HistoryOf(pod.Identity).First(static seen => seen.Pod.Kubernetes is not null).TakenAt;

    private static string Line(DiagnosisContext context, KubernetesContainer container)
    {
        var when = container.LastTerminatedAt is { } at ? $", the last time {Text.Duration(context.Current.TakenAt - at)} ago" : "";
        var why = container.LastTerminationReason is { Length: > 0 } reason ? $": {reason}" : "";
        return $"Container {container.Name} restarted {Text.Count(container.Restarts, "time")}{when}{why}.";
    }
}
