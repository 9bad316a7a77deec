namespace Agent.Core.Model;

/// <summary>What a person calls the owner of a pod.</summary>
/// <param name="Kind">Kind of the object, one of <see cref="WorkloadKinds"/> or any other, such as a custom resource's.</param>
/// <param name="Name">metadata.name.</param>
public sealed record Workload(string Kind, string Name)
{
    /// <summary><c>Deployment/web</c>, as kubectl takes it.</summary>
    public string DisplayName => $"{Kind}/{Name}";

    /// <summary>True for what <c>kubectl rollout</c> knows.</summary>
    public bool IsRolledOut => Kind is WorkloadKinds.Deployment or WorkloadKinds.StatefulSet or WorkloadKinds.DaemonSet;
}

/// <summary>The kinds that this program treats in their own ways.</summary>
public static class WorkloadKinds
{
#pragma warning disable CS1591 // named after the kinds of the API
    public const string Deployment = "Deployment";
    public const string StatefulSet = "StatefulSet";
    public const string ReplicaSet = "ReplicaSet";
    public const string Rollout = "Rollout";
    public const string DaemonSet = "DaemonSet";
    public const string Job = "Job";
    public const string CronJob = "CronJob";
    public const string Node = "Node";
#pragma warning restore CS1591
}
