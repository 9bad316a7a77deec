using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Serving pods without readiness or liveness probe.</summary>
public sealed class ProbeMissingRule : IFindingRule
{
    private const string Both = "neither a readiness nor a liveness probe";
    private const string Readiness = "no readiness probe";
    private const string Liveness = "no liveness probe";

    /// <inheritdoc/>
    public string Id => FindingIds.ProbeMissing;

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var (pod, kubernetes) in Serving.WithKubernetes(context.Current))
        {
            var containers = Serving.Containers(kubernetes);
            if (Serving.IsReplacedWhileServing(pod) && !Serving.IsTerminating(pod) && containers.Any(static container => Missing(container) is not null))
            {
                yield return Report(pod, containers);
            }
        }
    }

    private Finding Report(PodSnapshot pod, ImmutableArray<KubernetesContainer> containers)
    {
        var says = Sentence(containers);
        var unready = Names(containers, static container => container.ReadinessProbe is null);
        var undying = Names(containers, static container => container.LivenessProbe is null);
        var evidence = new List<string>();
        if (unready.Length > 0)
        {
            evidence.Add($"No readiness probe in {unready}: requests come as soon as the container has started, and go on when it hangs.");
        }

        if (undying.Length > 0)
        {
            evidence.Add($"No liveness probe in {undying}: a container that hangs is not restarted.");
        }

        var explanation = FindingCatalog.Get(Id);
        var port = containers.SelectMany(static container => container.Ports).Concat(pod.Listeners.Select(static listener => listener.Port)).FirstOrDefault((ushort)8080);
        return explanation.Report(
            Severity.Info,
            pod,
            $"{pod.Identity.DisplayName}{says}",
            evidence,
            Serving.Connections(pod) ?? 0,
            explanation.Fixes.Where(fix => (fix.Text.StartsWith("livenessProbe", StringComparison.Ordinal) ? undying : unready).Length > 0),
            ("PORT", port.ToString(CultureInfo.InvariantCulture))) with
        { Form = says };
    }

    /// <summary>What follows the pod's name: of the pod where its containers are alike, of each container where they are not.</summary>
    private static string Sentence(ImmutableArray<KubernetesContainer> containers)
    {
        var byMissing = containers.GroupBy(Missing, static container => container.Name).ToArray();
        return byMissing is [{ Key: { } all }]
            ? $" has {all}"
            : ": " + string.Join(", ", byMissing.Where(static group => group.Key is not null).Select(static group =>
                $"{string.Join(" and ", group)} {(group.Count() == 1 ? "has" : "have")} {group.Key}"));
    }

    private static string? Missing(KubernetesContainer container) => container switch
    {
        { ReadinessProbe: null, LivenessProbe: null } => Both,
        { ReadinessProbe: null } => Readiness,
        { LivenessProbe: null } => Liveness,
        _ => null,
    };

    private static string Names(ImmutableArray<KubernetesContainer> containers, Func<KubernetesContainer, bool> lacks) =>
        string.Join(", ", containers.Where(lacks).Select(static container => container.Name));
}
