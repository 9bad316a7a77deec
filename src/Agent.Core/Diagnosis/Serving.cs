using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>Which pods answer requests of others.</summary>
internal static class Serving
{
    // Static pods serve their node, and a Job's pods serve nobody.
    private static readonly ImmutableArray<string> s_notServing = [WorkloadKinds.Job, WorkloadKinds.CronJob, WorkloadKinds.Node];

    /// <summary>A running pod that answers requests, by what the API server and its own sockets say.</summary>
    public static bool IsServing(PodSnapshot pod) =>
        pod.Kubernetes is { Phase: "Running" or "" } kubernetes
        && !ServesNobody(kubernetes)
        && (HasReachableListener(pod)
            || kubernetes.Containers.Any(static container => container.Ports.Length > 0 || container.ReadinessProbe is not null));

    /// <summary>No load balancer sends requests to pods of its kind, whoever is connected to them (a scrape of metrics).</summary>
    public static bool ServesNobody(KubernetesPod kubernetes) =>
        kubernetes.Workload is { } workload && s_notServing.Contains(workload.Kind);

    /// <summary>
    /// A serving pod of a workload whose pods are replaced while they serve. A DaemonSet's pods mostly serve their own node only.
    /// </summary>
    public static bool IsReplacedWhileServing(PodSnapshot pod) =>
        IsServing(pod) && pod.Kubernetes!.Workload?.Kind != WorkloadKinds.DaemonSet;

    /// <summary>
    /// The programs of a cluster's node itself, such as the kubelet, which closes idle connections after 90 s: what load balancers
    /// send requests to there are pods. A machine without pods serves by itself.
    /// </summary>
    public static bool IsNodeOfCluster(Snapshot snapshot, PodSnapshot pod) =>
        pod.Identity.Kind == PodKind.Host && snapshot.Pods.Any(static other => other.Identity.Kind == PodKind.Pod);

    /// <summary>It listens on an address that others can reach.</summary>
    public static bool HasReachableListener(PodSnapshot pod) => pod.Listeners.Any(static listener => !listener.Address.IsLoopback);

    /// <summary>It was asked to end.</summary>
    public static bool IsTerminating(PodSnapshot pod) => pod.Kubernetes?.DeletionTimestamp is not null;

    /// <summary>
    /// Pods with what the API server says of them; none when it could not be asked, so that no rule judges what is out of date.
    /// </summary>
    public static IEnumerable<(PodSnapshot Pod, KubernetesPod Kubernetes)> WithKubernetes(Snapshot snapshot) =>
        from pod in snapshot.HasSource(SourceNames.Kubernetes) ? snapshot.Pods : []
        where pod.Kubernetes is not null
        select (pod, pod.Kubernetes);

    /// <summary>Established connections that others opened; null when not known.</summary>
    public static long? Connections(PodSnapshot pod) =>
        pod.Listeners.IsEmpty ? null : pod.Listeners.Sum(static listener => listener.Established);

    /// <summary>The containers that serve: those that name ports or have a readiness probe, otherwise all that are no sidecars.</summary>
    public static ImmutableArray<KubernetesContainer> Containers(KubernetesPod pod)
    {
        ImmutableArray<KubernetesContainer> own = [.. pod.Containers.Where(static container => !container.IsSidecar)];
        ImmutableArray<KubernetesContainer> serving = [.. own
            .Where(static container => container.Ports.Length > 0 || container.ReadinessProbe is not null)];
        return serving.IsEmpty ? own : serving;
    }

    /// <summary>
    /// Connections a minute that the kubelet opens for its probes; both probes every ten seconds when the API server cannot be asked.
    /// </summary>
    public static double ProbesPerMinute(PodSnapshot pod) => pod.Kubernetes is not { } kubernetes
        ? 12
        : kubernetes.Containers
            .SelectMany(static container => new[] { container.ReadinessProbe, container.LivenessProbe })
            .Sum(static probe => probe is null or { Kind: ProbeKind.Exec } ? 0 : 60.0 / Math.Max(1, probe.PeriodSeconds));
}
