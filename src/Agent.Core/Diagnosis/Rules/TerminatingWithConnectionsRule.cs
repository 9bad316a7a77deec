namespace Agent.Core.Diagnosis.Rules;

/// <summary>Pods that were asked to end and still have connections.</summary>
public sealed class TerminatingWithConnectionsRule : IFindingRule
{
    // With so little of the grace period left, what is open will be cut.
    private const double LastPart = 0.1;

    /// <inheritdoc/>
    public string Id => FindingIds.TerminatingWithConnections;

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var (pod, kubernetes) in Serving.WithKubernetes(context.Current))
        {
            if (kubernetes.DeletionTimestamp is not { } end || TerminationFacts.Connections(context, pod) is not (> 0 and var connections))
            {
                continue;
            }

            var left = end - context.Current.TakenAt;
            var grace = TimeSpan.FromSeconds(kubernetes.DeletionGracePeriodSeconds ?? kubernetes.TerminationGracePeriodSeconds ?? 30);
            var prepared = kubernetes.Containers.Any(static container => container.HasPreStop);
            var opened = CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.PassiveOpens);

            List<string> evidence = [$"{Text.Count(connections, "connection")} of clients are established; deletion was asked for {Text.Duration(context.Current.TakenAt - end + grace)} ago."];
            evidence.Add(left > TimeSpan.Zero ? $"{Text.Duration(left)} of its grace period of {Text.Duration(grace)} are left." : $"Its grace period of {Text.Duration(grace)} is over.");
            evidence.Add(prepared ? "A preStop hook delays the end." : "It has no preStop hook: its application was told to stop at once, while load balancers still send requests.");
            if (opened is { Amount: > 0 } increase && Serving.HasReachableListener(pod))
            {
                evidence.Add($"It still listens, and {Text.Number(increase.Amount)} connections were opened to it in the last {Text.Duration(increase.Over)} (probes are among them).");
            }

            yield return FindingCatalog.Get(Id).Report(
                left <= grace * LastPart ? Severity.Critical : prepared ? Severity.Info : Severity.Warning,
                pod,
                $"{pod.Identity.DisplayName} is terminating with {Text.Count(connections, "connection")} open{(left > TimeSpan.Zero ? $", {Text.Duration(left)} before it is killed" : ", past its grace period")}",
                evidence,
                connections);
        }
    }
}
