using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Serving pods without readiness or liveness probe.</summary>
public sealed class ProbeMissingRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "probe-missing";

    private const string Both = "neither a readiness nor a liveness probe";
    private const string Readiness = "no readiness probe";
    private const string Liveness = "no liveness probe";

    private static readonly FindingFix s_ready = new(
        "container, readiness",
        "readinessProbe: {httpGet: {path: /healthz, port: $PORT}, periodSeconds: 5, timeoutSeconds: 2, failureThreshold: 3}",
        FixPlace.Pod);
    private static readonly FindingFix s_live = new(
        "container, liveness",
        "livenessProbe: {httpGet: {path: /healthz, port: $PORT}, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6}",
        FixPlace.Pod);
    private static readonly FindingFix s_readyWithoutHttp = new(
        "container, a server without HTTP",
        "readinessProbe: {tcpSocket: {port: $PORT}, periodSeconds: 5}",
        FixPlace.Pod);

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "a serving pod has no readiness or liveness probe",
        What = "Without a readiness probe a container counts as ready the moment it starts, before it listens, and stays so when it "
            + "hangs. Without a liveness probe nobody restarts one that hangs.",
        Why = "Requests are sent to a server that is not listening yet or hangs: they fail at every start, and for as long as it hangs.",
        Seen = "The pod spec of serving pods.",
        Levels =
        [
            new(Severity.Info, "always"),
        ],
        Needs = [SourceNames.Kubernetes],
        Checks = [new("its probes", "kubectl -n $NAMESPACE get pod $POD -o jsonpath='{range .spec.containers[*]}{.name}: "
            + "{.readinessProbe} {.livenessProbe}{\"\\n\"}{end}'")],
        Fixes = [s_ready, s_live, s_readyWithoutHttp],
        References = ["https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/"],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var (pod, kubernetes) in Serving.WithKubernetes(context.Current))
        {
            var containers = Serving.Containers(kubernetes);
            if (Serving.IsReplacedWhileServing(pod)
                && !Serving.IsTerminating(pod)
                && containers.Any(static container => Missing(container) is not null))
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

        var port = containers
            .SelectMany(static container => container.Ports)
            .Concat(pod.Listeners.Select(static listener => listener.Port))
            .FirstOrDefault((ushort)8080);
        return Explanation.Report(
            Severity.Info,
            pod,
            $"{pod.Identity.DisplayName}{says}",
            evidence,
            Serving.Connections(pod) ?? 0,
            Explanation.Fixes.Where(fix => (fix == s_live ? undying : unready).Length > 0),
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
