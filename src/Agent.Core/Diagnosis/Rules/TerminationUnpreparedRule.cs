using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Serving pods that would end before load balancers have let go of them.</summary>
public sealed class TerminationUnpreparedRule : IFindingRule
{
    private const int DefaultGraceSeconds = 30;

    /// <inheritdoc/>
    public string Id => FindingIds.TerminationUnprepared;

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
            evidence.Add($"terminationGracePeriodSeconds is {grace}, preStop sleeps {sleep} s: {Math.Max(0, grace - sleep)} s are left for the application to answer what it has accepted.");
        }

        var connections = Serving.Connections(pod) ?? 0;
        evidence.Add($"{Text.Count(connections, "connection")} of clients are established now; grace period {grace} s.");
        evidence.Add($"Recommended behind Google Cloud's load balancers: preStop sleep {TerminationFacts.PreStopSeconds} s, terminationGracePeriodSeconds {TerminationFacts.GraceSeconds}, draining 60 s.");
        return FindingCatalog.Get(Id).Report(
            SeverityOf(context, pod, grace <= sleep),
            pod,
            without.Count > 0
                ? $"{pod.Identity.DisplayName} stops at once when it is replaced (no preStop delay): requests still sent to it fail"
                : $"{pod.Identity.DisplayName} is killed {Math.Max(0, grace - sleep)} s after its preStop delay: its grace period is too short",
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
