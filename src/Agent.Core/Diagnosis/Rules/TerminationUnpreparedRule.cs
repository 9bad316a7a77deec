using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Serving pods that would end before load balancers have let go of them.</summary>
public sealed class TerminationUnpreparedRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "termination-unprepared";

    private const int DefaultGraceSeconds = 30;

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "a serving pod is not prepared for its own end",
        What = """
            When a pod is deleted it gets SIGTERM at once, while load balancers learn of it seconds to minutes later. A preStop delay keeps
            it serving meanwhile; the grace period must hold that delay and the time that accepted requests need. The numbers here, preStop
            sleep 2m, terminationGracePeriodSeconds 210 and load balancer draining 1m, are those of Google Cloud's documentation
            ("Addressing 500 series errors with NEGs during workload scaling", the first link below) for container-native load balancing,
            where removing an endpoint takes longest. Behind an in-cluster proxy a preStop sleep of 10 to 15s is enough.
            """,
        Why = "At every rollout, scale-down and node drain requests are still sent to a server that has stopped: a burst of failures.",
        Seen = "The pod spec of serving pods that are replaced while they serve (not of DaemonSets, Jobs and static pods).",
        Levels =
        [
            new(
                Severity.Info,
                $"no preStop hook, or less than {TerminationFacts.FewestSecondsAfterPreStop}s of grace period after its delay"),
            new(Severity.Warning, "the delay is not shorter than the grace period, or the pod is terminating with connections right now"),
        ],
        Needs = [SourceNames.Kubernetes],
        Checks =
        [
            new(
                "grace period and hooks",
                "kubectl -n $NAMESPACE get pod $POD -o jsonpath='{.spec.terminationGracePeriodSeconds} {.spec.containers[*].lifecycle}'"),
        ],
        Fixes = DrainFixes.All,
        References = [DrainFixes.GoogleCloud, "https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/"],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var (pod, kubernetes) in Serving.WithKubernetes(context.Current))
        {
            var containers = Serving.Containers(kubernetes);
            if (!Serving.IsReplacedWhileServing(pod) || containers.IsEmpty)
            {
                continue;
            }

            var grace = kubernetes.TerminationGracePeriodSeconds ?? DefaultGraceSeconds;
            var without = containers.Where(static container => !container.HasPreStop).ToList();
            var sleep = containers.Max(static container => container.PreStopSleepSeconds) ?? 0;
            var cut = sleep > 0 && grace < sleep + TerminationFacts.FewestSecondsAfterPreStop;
            if (without.Count > 0 || cut)
            {
                yield return Report(context, pod, without, grace, sleep, cut);
            }
        }
    }

    private Finding Report(DiagnosisContext context, PodSnapshot pod, List<KubernetesContainer> without, int grace, int sleep, bool cut)
    {
        var evidence = new List<string>();
        if (without.Count > 0)
        {
            evidence.Add($"No preStop hook in {string.Join(", ", without.Select(static container => container.Name))}.");
        }

        if (cut)
        {
            evidence.Add($"terminationGracePeriodSeconds is {grace}, preStop sleeps {HumanText.Seconds(sleep)}: "
                + $"{HumanText.Seconds(Math.Max(0, grace - sleep))} are left for "
                + "the application to answer what it has accepted.");
        }

        var connections = Serving.Connections(pod) ?? 0;
        evidence.Add($"{HumanText.Count(connections, "connection")} of clients are established now; grace period "
            + $"{HumanText.Seconds(grace)}.");
        evidence.Add("Recommended behind Google Cloud's load balancers: preStop sleep "
            + $"{HumanText.Seconds(TerminationFacts.PreStopSeconds)}, "
            + $"terminationGracePeriodSeconds {TerminationFacts.GraceSeconds}, draining 1m.");
        return Explanation.Report(
            SeverityOf(context, pod, grace <= sleep),
            pod,
            without.Count > 0
                ? $"{pod.Identity.DisplayName} stops at once when it is replaced (no preStop delay): requests still sent to it fail"
                : $"{pod.Identity.DisplayName} is killed {HumanText.Seconds(Math.Max(0, grace - sleep))} after its preStop delay: its "
                + "grace period is "
                + "too short",
            evidence,
            connections);
    }

    // The setting alone is information; it has victims once the pod ends with connections, or a sister pod did.
    private static Severity SeverityOf(DiagnosisContext context, PodSnapshot pod, bool killedInPreStop)
    {
        if (Serving.IsTerminating(pod) && TerminationFacts.Connections(context, pod) > 0)
        {
            return Severity.Warning;
        }

        return killedInPreStop ? Severity.Warning : Severity.Info;
    }
}
