namespace Agent.Core.Diagnosis.Rules;

/// <summary>Workloads whose replicas are all on this node.</summary>
public sealed class ReplicasColocatedRule : IFindingRule
{
    private const int FewestReplicas = 2;
    private const int NamesShown = 3;

    /// <inheritdoc/>
    public string Id => FindingIds.ReplicasColocated;

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        var workloads = Serving.WithKubernetes(context.Current)
            .Where(static pair => pair.Kubernetes is { Workload: not null, DeletionTimestamp: null, WorkloadReplicas: >= FewestReplicas } && Serving.IsReplacedWhileServing(pair.Pod))
            .GroupBy(static pair => (pair.Kubernetes.Namespace, pair.Kubernetes.Workload, Replicas: pair.Kubernetes.WorkloadReplicas ?? 0));
        foreach (var workload in workloads)
        {
            var pods = workload.OrderBy(static pair => pair.Kubernetes.Name, StringComparer.Ordinal).ToList();
            if (pods.Count < workload.Key.Replicas)
            {
                continue;
            }

            // Named after one of its pods, so that it is found where the pod is looked for.
            yield return FindingCatalog.Get(Id).Report(
                Severity.Info,
                pods[0].Pod,
                $"all {pods.Count} replicas of {workload.Key.Namespace}/{workload.Key.Workload!.DisplayName} are on this node: when it goes, no backend is left",
                [$"On node {context.Current.Node.Name}: {string.Join(", ", pods.Take(NamesShown).Select(static pair => pair.Kubernetes.Name))}{(pods.Count > NamesShown ? $" and {pods.Count - NamesShown} more" : "")}; spec.replicas is {workload.Key.Replicas}."],
                pods.Count);
        }
    }
}
