using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Workloads whose replicas are all on this node.</summary>
public sealed class ReplicasColocatedRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "replicas-colocated";

    private const int FewestReplicas = 2;
    private const int NamesShown = 3;

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "all replicas of a workload are on one node",
        What = "Several replicas protect from the loss of one only when they are on different nodes. Here a drain, a crash or a full "
            + "conntrack table takes all of them at once.",
        Why = "When this node goes, no backend is left: every request fails.",
        Seen = "As many serving pods of the workload on this node as its owner's spec.replicas says. Silent when the owner's replicas "
            + "are not known.",
        Levels =
        [
            new(Severity.Info, $"from {FewestReplicas} replicas on"),
        ],
        Needs = [SourceNames.Kubernetes],
        Checks = [new("where they are", "kubectl -n $NAMESPACE get pods -o wide")],
        Fixes =
        [
            new(
                "pod spec",
                "topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, "
                + "labelSelector: {matchLabels: {$LABEL: $APP}}}]",
                FixPlace.Pod),
            new(
                "a budget for drains",
                "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: $APP, namespace: $NAMESPACE}, spec: {maxUnavailable: "
                + "1, selector: {matchLabels: {$LABEL: $APP}}}}",
                FixPlace.Pod),
        ],
        References = ["https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/"],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        var workloads = Serving.WithKubernetes(context.Current)
            .Where(static pair => pair.Kubernetes is { Workload: not null, DeletionTimestamp: null, WorkloadReplicas: >= FewestReplicas }
                && Serving.IsReplacedWhileServing(pair.Pod))
            .GroupBy(static pair => (pair.Kubernetes.Namespace, pair.Kubernetes.Workload, Replicas: pair.Kubernetes.WorkloadReplicas ?? 0));
        foreach (var workload in workloads)
        {
            var pods = workload.OrderBy(static pair => pair.Kubernetes.Name, StringComparer.Ordinal).ToList();
            if (pods.Count < workload.Key.Replicas)
            {
                continue;
            }

            var names = string.Join(", ", pods.Take(NamesShown).Select(static pair => pair.Kubernetes.Name));
            var more = pods.Count > NamesShown ? $" and {pods.Count - NamesShown} more" : "";

            // Named after one of its pods, so that it is found where the pod is looked for.
            yield return Explanation.Report(
                Severity.Info,
                pods[0].Pod,
                $"all {pods.Count} replicas of {workload.Key.Namespace}/{workload.Key.Workload!.DisplayName} are on this node: when it "
                + "goes, no backend is left",
                [$"On node {context.Current.Node.Name}: {names}{more}; spec.replicas is {workload.Key.Replicas}."],
                pods.Count);
        }
    }
}
