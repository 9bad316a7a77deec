using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Pods that become ready and unready again and again.</summary>
public sealed class ReadinessFlappingRule : IFindingRule
{
    // Starting is one change; losing readiness once and getting it back are two more.
    private const int FewestChanges = 3;
    private const int FewestLosses = 2;

    /// <inheritdoc/>
    public string Id => FindingIds.ReadinessFlapping;

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var (pod, kubernetes) in Serving.WithKubernetes(context.Current))
        {
            if (Serving.IsTerminating(pod))
            {
                continue;
            }

            List<PodObservation> seen = [.. context.HistoryOf(pod.Identity).Where(static one => one.Pod.Kubernetes?.Ready is not null), new(context.Current.TakenAt, pod)];
            var pairs = seen.Zip(seen.Skip(1)).ToList();
            var changes = pairs.Count(static pair => Changed(pair.First.Pod.Kubernetes!, pair.Second.Pod.Kubernetes!));
            var losses = pairs.Count(static pair => pair.First.Pod.Kubernetes!.Ready == true && Changed(pair.First.Pod.Kubernetes!, pair.Second.Pod.Kubernetes!));
            if (changes < FewestChanges && losses < FewestLosses)
            {
                continue;
            }

            var over = Text.Duration(context.Current.TakenAt - seen[0].TakenAt);
            yield return FindingCatalog.Get(Id).Report(
                Severity.Warning,
                pod,
                $"{pod.Identity.DisplayName} became ready or unready {changes} times in {over}",
                [
                    $"The condition Ready changed at least {changes} times in {over}; it is {(kubernetes.Ready == true ? "true" : "false")} now.",
                    .. kubernetes.Containers
                        .Where(static container => container.ReadinessProbe is not null)
                        .Select(static container => $"Readiness probe of {container.Name}: every {container.ReadinessProbe!.PeriodSeconds} s, time-out {container.ReadinessProbe.TimeoutSeconds} s, fails after {container.ReadinessProbe.FailureThreshold}."),
                ],
                changes);
        }
    }

    // The time tells of a change and its reverse between two scans, too.
    private static bool Changed(KubernetesPod earlier, KubernetesPod later) =>
        earlier.Ready != later.Ready || (earlier.ReadyChangedAt is not null && later.ReadyChangedAt is not null && earlier.ReadyChangedAt != later.ReadyChangedAt);
}
