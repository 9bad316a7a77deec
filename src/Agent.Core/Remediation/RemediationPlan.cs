using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Remediation;

/// <summary>What is to be written, what is not and why, and what is wanted.</summary>
/// <param name="Changes">The host's first.</param>
/// <param name="Refusals">What was asked for and is not done.</param>
/// <param name="Desired">Every setting that is looked after, as it should be or not.</param>
public sealed record RemediationPlan(
    ImmutableArray<PlannedChange> Changes, ImmutableArray<RefusedChange> Refusals, ImmutableArray<DesiredValue> Desired)
{
    /// <summary>Namespaces that are not looked after, and why.</summary>
    public ImmutableArray<LeftOutTargets> LeftOut { get; init; } = [];

    /// <summary>Nothing to do and nothing wanted.</summary>
    public static RemediationPlan Empty { get; } = new([], [], []);
}

/// <summary>One value to write.</summary>
/// <param name="Target">Where.</param>
/// <param name="Sysctl">Whole name, of <see cref="SysctlCatalog"/>.</param>
/// <param name="From">The value that was read.</param>
/// <param name="To">The value to write.</param>
/// <param name="Reason">Why this value.</param>
/// <param name="Guard">What was checked before: the numbers of the table.</param>
public sealed record PlannedChange(SysctlTarget Target, string Sysctl, long From, long To, string Reason, string Guard);

/// <summary>Something that was asked for and is not done.</summary>
/// <param name="Where">The target's name, or the setting of this program that is wrong.</param>
/// <param name="Sysctl">Name as it was given; may be anything.</param>
/// <param name="Reason">Why not.</param>
/// <param name="Instead">What to do instead.</param>
public sealed record RefusedChange(string Where, string Sysctl, string Reason, string Instead);

/// <summary>A setting that is looked after.</summary>
/// <param name="Target">Where.</param>
/// <param name="Sysctl">Whole name.</param>
/// <param name="Value">Current value.</param>
/// <param name="Desired">Wanted value.</param>
public sealed record DesiredValue(SysctlTarget Target, string Sysctl, long Value, long Desired);

/// <summary>A network namespace whose settings are written.</summary>
/// <param name="Identity">Whose it is: the host or a pod.</param>
/// <param name="NamespaceInode">As <see cref="PodSnapshot.NamespaceInode"/> has it.</param>
public sealed record SysctlTarget(PodIdentity Identity, ulong NamespaceInode)
{
    /// <summary>The label of the host's namespace in metrics.</summary>
    public const string HostScope = "host";

    /// <summary>The label of pods' namespaces.</summary>
    public const string PodScope = "pods";

    /// <summary>One of the two.</summary>
    public string Scope => Identity.Kind == PodKind.Host ? HostScope : PodScope;

    /// <summary><c>host</c>, or <c>pod NAMESPACE/NAME</c>.</summary>
    public string DisplayName => Identity.Kind == PodKind.Pod ? $"pod {Identity.DisplayName}" : Identity.DisplayName;
}
