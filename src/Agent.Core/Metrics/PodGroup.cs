namespace Agent.Core.Metrics;

/// <summary>Whose series it is: a pod, or what pods are folded to.</summary>
/// <param name="Namespace">Label <c>namespace</c>; empty for what is no pod.</param>
/// <param name="Name">Label <c>pod</c> or <c>workload</c>; empty when folded further.</param>
/// <param name="IsFolded">True when several pods may share it, so that its counters must outlive each of them.</param>
public readonly record struct PodGroup(string Namespace, string Name, bool IsFolded) : ICounterGroup
{
    /// <summary>Name of the group that takes what is over the cap.</summary>
    public const string OtherName = "_other";
}
