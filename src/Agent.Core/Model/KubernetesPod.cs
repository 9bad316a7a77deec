using System.Collections.Immutable;
using Agent.Kernel.Net;

namespace Agent.Core.Model;

/// <summary>What the API server says of a pod of this node.</summary>
public sealed record KubernetesPod
{
    /// <summary>metadata.namespace.</summary>
    public required string Namespace { get; init; }

    /// <summary>metadata.name.</summary>
    public required string Name { get; init; }

    /// <summary>metadata.uid.</summary>
    public required string Uid { get; init; }

    /// <summary>
    /// The hash of a static pod's manifest, which its cgroup and log directory are named after, as its mirror pod repeats it. A claim:
    /// whoever makes a pod chooses its annotations, see <see cref="Attribution.PodRegistry"/>. Null for a pod that is no mirror.
    /// </summary>
    public string? ConfigHash { get; init; }

    /// <summary>Owner: a Deployment, StatefulSet, DaemonSet, CronJob ..., the Node of a static pod; null when it has none.</summary>
    public Workload? Workload { get; init; }

    /// <summary>
    /// spec.replicas of the owner, asked for only where two or more of its pods run here; null when unknown or not allowed to ask.
    /// </summary>
    public int? WorkloadReplicas { get; init; }

    /// <summary>spec.hostNetwork.</summary>
    public bool HostNetwork { get; init; }

    /// <summary>status.phase.</summary>
    public string Phase { get; init; } = "";

    /// <summary>Condition Ready: true only for True (Unknown is not ready either); null when absent.</summary>
    public bool? Ready { get; init; }

    /// <summary>When the condition Ready last changed.</summary>
    public DateTimeOffset? ReadyChangedAt { get; init; }

    /// <summary>metadata.deletionTimestamp: when the grace period ends.</summary>
    public DateTimeOffset? DeletionTimestamp { get; init; }

    /// <summary>metadata.deletionGracePeriodSeconds.</summary>
    public int? DeletionGracePeriodSeconds { get; init; }

    /// <summary>spec.terminationGracePeriodSeconds.</summary>
    public int? TerminationGracePeriodSeconds { get; init; }

    /// <summary>status.startTime.</summary>
    public DateTimeOffset? StartTime { get; init; }

    /// <summary>metadata.labels.</summary>
    public ImmutableDictionary<string, string> Labels { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The annotations that this program knows: meshes' and its own.</summary>
    public ImmutableDictionary<string, string> Annotations { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>status.podIPs; not of finished pods, whose address may already be someone else's.</summary>
    public ImmutableArray<IpAddress> Addresses { get; init; } = [];

    /// <summary>
    /// Containers, and init containers that keep running beside them (sidecars); other init containers and ephemeral ones are left out.
    /// </summary>
    public ImmutableArray<KubernetesContainer> Containers { get; init; } = [];

    /// <summary>When it was asked to end; null when it was not.</summary>
    public DateTimeOffset? DeletionRequestedAt => DeletionTimestamp - TimeSpan.FromSeconds(DeletionGracePeriodSeconds ?? 0);

    /// <summary>Restarts of all <see cref="Containers"/>.</summary>
    public long Restarts => Containers.Sum(static container => (long)container.Restarts);
}

/// <summary>One container of a pod.</summary>
public sealed record KubernetesContainer
{
    public required string Name { get; init; }

    /// <summary>status.restartCount.</summary>
    public int Restarts { get; init; }

    /// <summary>status.lastState.terminated.finishedAt.</summary>
    public DateTimeOffset? LastTerminatedAt { get; init; }

    /// <summary>status.lastState.terminated.reason and exit code, for example <c>OOMKilled (137)</c>.</summary>
    public string? LastTerminationReason { get; init; }

    /// <summary>spec.ports[].containerPort, TCP only.</summary>
    public ImmutableArray<ushort> Ports { get; init; } = [];

    /// <summary>readinessProbe; null when there is none.</summary>
    public KubernetesProbe? ReadinessProbe { get; init; }

    /// <summary>livenessProbe; null when there is none.</summary>
    public KubernetesProbe? LivenessProbe { get; init; }

    /// <summary>True when lifecycle.preStop exists.</summary>
    public bool HasPreStop { get; init; }

    /// <summary>Seconds that preStop sleeps, where that can be read off it (<c>sleep</c> action, or a command <c>sleep N</c>).</summary>
    public int? PreStopSleepSeconds { get; init; }

    /// <summary>True for an init container that keeps running (restartPolicy Always).</summary>
    public bool IsSidecar { get; init; }
}

/// <summary>A probe of a container.</summary>
/// <param name="Kind">How it asks.</param>
/// <param name="Port">
/// Port by number, a name resolved in the container's own ports; null for exec and for a name that is none of them.
/// </param>
/// <param name="PeriodSeconds">periodSeconds.</param>
/// <param name="TimeoutSeconds">timeoutSeconds.</param>
/// <param name="FailureThreshold">failureThreshold.</param>
public sealed record KubernetesProbe(ProbeKind Kind, ushort? Port, int PeriodSeconds, int TimeoutSeconds, int FailureThreshold)
{
    /// <summary><c>http</c>, <c>tcp</c>, <c>grpc</c> or <c>exec</c>.</summary>
    public string KindName => Kind switch
    {
        ProbeKind.Http => "http",
        ProbeKind.Tcp => "tcp",
        ProbeKind.Grpc => "grpc",
        _ => "exec",
    };
}
