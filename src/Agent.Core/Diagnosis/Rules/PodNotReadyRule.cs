using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Pods that get no requests because they are not ready.</summary>
public sealed class PodNotReadyRule : IFindingRule
{
    private static readonly TimeSpan s_starting = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_slowStart = TimeSpan.FromMinutes(5);

    /// <inheritdoc/>
    public string Id => FindingIds.PodNotReady;

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var (pod, kubernetes) in Serving.WithKubernetes(context.Current))
        {
            if (kubernetes.Ready is not false || !Serving.IsServing(pod) || Serving.IsTerminating(pod) || SeverityOf(context, pod, kubernetes) is not { } severity)
            {
                continue;
            }

            var since = kubernetes.ReadyChangedAt is { } changed ? $" for {Text.Duration(context.Current.TakenAt - changed)}" : "";
            yield return FindingCatalog.Get(Id).Report(
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
            .Where(other => other.Workload is not null && other.Workload == kubernetes.Workload && other.Namespace == kubernetes.Namespace && other.DeletionTimestamp is null),
    ];

    private static IEnumerable<string> Evidence(DiagnosisContext context, PodSnapshot pod, KubernetesPod kubernetes)
    {
        yield return $"Condition Ready is false, phase {kubernetes.Phase}.";
        foreach (var container in Serving.Containers(kubernetes))
        {
            if (container.ReadinessProbe is { } probe)
            {
                yield return $"Readiness probe of {container.Name}: {probe.KindName}{(probe.Port is { } port ? $" at port {port}" : "")}, every {probe.PeriodSeconds} s, time-out {probe.TimeoutSeconds} s.";
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
