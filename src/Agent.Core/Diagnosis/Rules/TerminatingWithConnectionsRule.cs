using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Pods that were asked to end and still have connections.</summary>
public sealed class TerminatingWithConnectionsRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "terminating-with-connections";

    // With so little of the grace period left, what is open will be cut.
    private const double LastPart = 0.1;

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "a terminating pod still has connections",
        What = """
            Deletion and the load balancer's notice of it run side by side. Until every load balancer has let go of the pod, requests
            arrive; when the grace period ends first, the kernel cuts what is open.
            """,
        Why = "Connections that are open when the grace period ends are cut: their requests get a reset instead of an answer.",
        Seen = "deletionTimestamp with established connections at its ports.",
        Levels =
        [
            new(Severity.Info, "a preStop hook delays the end, or it is a Job's or a static pod, which no load balancer knows"),
            new(Severity.Warning, "there is no preStop hook"),
            new(Severity.Critical, $"no more than {HumanText.Percent(LastPart)} of the grace period is left"),
        ],
        Explains = LossClaim.ServerDied,
        Needs = [SourceNames.Kubernetes, SourceNames.Sockets],
        Checks =
        [
            new("terminating pods of this node", "kubectl get pods -A --field-selector spec.nodeName=$NODE | grep Terminating"),
            new("its connections", "nsenter --net=/proc/$PID/ns/net ss -tnH state established"),
            new("whether it is still a backend", "kubectl -n $NAMESPACE get endpointslices -o yaml | grep -B3 -A6 $POD"),
        ],
        Fixes = DrainFixes.All,
        References = ["https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination", DrainFixes.GoogleCloud],
        FollowsFrom =
        [
            new(TerminationUnpreparedRule.Id, CauseReach.SameSubject),
        ],
    };

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

            List<string> evidence = [$"{HumanText.Count(connections, "connection")} of clients are established; deletion was asked for "
                + $"{HumanText.Duration(context.Current.TakenAt - end + grace)} ago."];
            evidence.Add(left > TimeSpan.Zero ? $"{HumanText.Duration(left)} of its grace period of {HumanText.Duration(grace)} "
                + "are left." : $"Its grace period of {HumanText.Duration(grace)} is over.");
            evidence.Add(prepared ? "A preStop hook delays the end." : "It has no preStop hook: its application was told to stop at once, "
                + "while load balancers still send requests.");
            if (opened is { Amount: > 0 } increase && Serving.HasReachableListener(pod))
            {
                evidence.Add($"It still listens, and {HumanText.Count(increase.Amount)} connections were opened to it in the last "
                    + $"{HumanText.Duration(increase.Over)} (probes are among them).");
            }

            yield return Explanation.Report(
                Serving.ServesNobody(kubernetes) ? Severity.Info
                    : left <= grace * LastPart ? Severity.Critical
                    : prepared ? Severity.Info
                    : Severity.Warning,
                pod,
                $"{pod.Identity.DisplayName} is terminating with {HumanText.Count(connections, "connection")} "
                + $"open{(left > TimeSpan.Zero ? $", {HumanText.Duration(left)} before it is killed" : ", past its grace period")}",
                evidence,
                connections);
        }
    }
}
