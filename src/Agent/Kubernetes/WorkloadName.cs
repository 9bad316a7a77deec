using System.Globalization;
using System.Text.Json;
using Agent.Core.Model;
using Agent.Outside;

namespace Agent.Kubernetes;

/// <summary>
/// What a person calls the owner of a pod, from the pod alone: a ReplicaSet made by a Deployment is named after it plus the
/// pod's own label, so that no further question to the API server is needed.
/// </summary>
internal static class WorkloadName
{
    /// <summary>How far the time in a Job's name may be from the pod's creation for the name to be a CronJob's doing.</summary>
    private const long CronJobDelaySeconds = 24 * 3600;

    /// <returns>Null for a pod that nothing controls.</returns>
    public static Workload? Find(JsonElement metadata)
    {
        foreach (var owner in metadata.Items("ownerReferences"))
        {
            if (owner.IsTrue("controller") && owner.Text("kind") is { Length: > 0 } kind && owner.Text("name") is { Length: > 0 } name)
            {
                return kind switch
                {
                    WorkloadKinds.ReplicaSet => OfReplicaSet(metadata, name),
                    WorkloadKinds.Job => OfJob(metadata, name),
                    _ => new(kind, name),
                };
            }
        }

        return null;
    }

    private static Workload OfReplicaSet(JsonElement metadata, string name)
    {
        var labels = metadata.Child("labels");
        if (WithoutSuffix(name, labels.Text("pod-template-hash")) is { } deployment)
        {
            return new(WorkloadKinds.Deployment, deployment);
        }

        // Argo Rollouts names its ReplicaSets in the same way.
        return WithoutSuffix(name, labels.Text("rollouts-pod-template-hash")) is { } rollout
            ? new(WorkloadKinds.Rollout, rollout)
            : new(WorkloadKinds.ReplicaSet, name);
    }

    private static string? WithoutSuffix(string name, string? hash) =>
        hash is { Length: > 0 }
            && name.Length > hash.Length + 1
            && name.EndsWith(hash, StringComparison.Ordinal)
            && name[^(hash.Length + 1)] == '-'
            ? name[..^(hash.Length + 1)]
            : null;

    /// <summary>A CronJob names a Job after the scheduled minute (batch/v1, since 1.21) or second (before) since 1970.</summary>
    private static Workload OfJob(JsonElement metadata, string name)
    {
        var dash = name.LastIndexOf('-');
        if (dash > 0
            && metadata.Time("creationTimestamp") is { } created
            && long.TryParse(name.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && (IsNear(created, number, 60) || IsNear(created, number, 1)))
        {
            return new(WorkloadKinds.CronJob, name[..dash]);
        }

        return new(WorkloadKinds.Job, name);
    }

    private static bool IsNear(DateTimeOffset created, long number, long secondsEach) =>
        number <= created.ToUnixTimeSeconds() / secondsEach + 60
        && number >= (created.ToUnixTimeSeconds() - CronJobDelaySeconds) / secondsEach;
}
