using Agent.Core.Model;

namespace Agent.Core.Remediation;

/// <summary>A namespace that is planned for.</summary>
/// <param name="Target">Where.</param>
/// <param name="Settings">What it has; null when not readable.</param>
/// <param name="Occupancy">How full its table is.</param>
internal sealed record PlanTarget(SysctlTarget Target, NetfilterSettings? Settings, OccupancyFacts Occupancy)
{
    public string Name => Target.DisplayName;

    /// <summary>The value it has; null when unknown.</summary>
    public long? Current(SysctlDefinition sysctl) =>
        sysctl.Kind == SysctlKind.TableLimit ? Occupancy.Limit : Settings?.Get(sysctl.ShortName);

    /// <summary>True when a value needs no raising. A table without a limit has the highest one there is.</summary>
    public static bool IsEnough(SysctlDefinition sysctl, long current, long wanted) =>
        current >= wanted || (sysctl.Kind == SysctlKind.TableLimit && current == 0);
}
