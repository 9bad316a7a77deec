namespace Agent.Core.Diagnosis.Rules;

/// <summary>Serving pods without readiness or liveness probe.</summary>
public sealed class ProbeMissingRule : IFindingRule
{
    /// <inheritdoc/>
    public string Id => FindingIds.ProbeMissing;

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var (pod, kubernetes) in Serving.WithKubernetes(context.Current))
        {
            var containers = Serving.Containers(kubernetes);
            if (!Serving.IsReplacedWhileServing(pod) || Serving.IsTerminating(pod) || containers.IsEmpty)
            {
                continue;
            }

            var unready = containers.Where(static container => container.ReadinessProbe is null).Select(static container => container.Name).ToList();
            var undying = containers.Where(static container => container.LivenessProbe is null).Select(static container => container.Name).ToList();
            if (unready.Count == 0 && undying.Count == 0)
            {
                continue;
            }

            var missing = unready.Count == 0 ? "liveness" : undying.Count == 0 ? "readiness" : "readiness and liveness";
            var evidence = new List<string>();
            if (unready.Count > 0)
            {
                evidence.Add($"No readiness probe in {string.Join(", ", unready)}: requests come as soon as the container has started, and go on when it hangs.");
            }

            if (undying.Count > 0)
            {
                evidence.Add($"No liveness probe in {string.Join(", ", undying)}: a container that hangs is not restarted.");
            }

            yield return FindingCatalog.Get(Id).Report(
                Severity.Info,
                pod,
                $"{pod.Identity.DisplayName} has no {missing} probe",
                evidence,
                Serving.Connections(pod) ?? 0,
                null,
                ("PORT", containers.SelectMany(static container => container.Ports).Concat(pod.Listeners.Select(static listener => listener.Port)).FirstOrDefault((ushort)8080).ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }
    }
}
