using System.Collections.Immutable;

namespace Agent.Core.Remediation;

/// <summary>A plan in the making: checks each wanted value against what is there and what fits.</summary>
internal sealed class PlanDraft(RemediationPolicy policy)
{
    private readonly ImmutableArray<PlannedChange>.Builder _changes = ImmutableArray.CreateBuilder<PlannedChange>();
    private readonly ImmutableArray<RefusedChange>.Builder _refusals = ImmutableArray.CreateBuilder<RefusedChange>();
    private readonly ImmutableArray<DesiredValue>.Builder _desired = ImmutableArray.CreateBuilder<DesiredValue>();

    public RemediationPlan ToPlan() => new(_changes.ToImmutable(), _refusals.ToImmutable(), _desired.ToImmutable());

    public void Refuse(string where, string sysctl, string reason, string instead) => _refusals.Add(new(where, sysctl, reason, instead));

    /// <summary>Plans to raise a setting, unless it is high enough or must not be raised.</summary>
    /// <param name="target">Where.</param>
    /// <param name="sysctl">What.</param>
    /// <param name="wanted">A value that <paramref name="sysctl"/> allows.</param>
    /// <param name="reason">Who wants it.</param>
    public void Want(PlanTarget target, SysctlDefinition sysctl, long wanted, string reason)
    {
        if (target.Current(sysctl) is not { } current)
        {
            RefuseUnreadable(target, sysctl);
            return;
        }

        _desired.Add(new(target.Target, sysctl.Name, current, wanted));
        if (PlanTarget.IsEnough(sysctl, current, wanted))
        {
            return;
        }

        if (sysctl.Kind != SysctlKind.Timeout)
        {
            _changes.Add(new(target.Target, sysctl.Name, current, wanted, reason, "none, as no entry lives longer by it"));
        }
        else if (target.Occupancy is { Entries: { } entries, Limit: { } limit })
        {
            var guard = new OccupancyGuard(entries, limit, target.Occupancy.Lingering(sysctl.ShortName), policy.MaxTableFill);
            WantTimeout(target, sysctl, current, wanted, reason, guard);
        }
        else
        {
            Refuse(
                target.Name,
                sysctl.Name,
                "how full its conntrack table is could not be read",
                "see the sources conntrack and sysctl in 'closewatch report'");
        }
    }

    private void WantTimeout(PlanTarget target, SysctlDefinition sysctl, long current, long wanted, string reason, OccupancyGuard guard)
    {
        var numbers = guard.Describe(current, wanted);
        if (guard.Allows(current, wanted))
        {
            _changes.Add(new(target.Target, sysctl.Name, current, wanted, reason, numbers));
            return;
        }

        var longest = guard.Longest(current);
        Refuse(
            target.Name,
            sysctl.Name,
            $"the table could fill: {numbers}",
            "find who leaves connections half-closed ('closewatch report', finding close-wait-leak), or raise nf_conntrack_max"
                + (longest > current ? $"; at most {HumanText.Count(longest)} s would fit now" : ""));
    }

    private void RefuseUnreadable(PlanTarget target, SysctlDefinition sysctl)
    {
        if (target.Settings is null)
        {
            Refuse(
                target.Name,
                sysctl.Name,
                "its settings could not be read",
                "see the source sysctl in 'closewatch report': "
                + "the module nf_conntrack, or CAP_SYS_ADMIN and CAP_SYS_PTRACE for pods, is missing");
        }
        else
        {
            Refuse(target.Name, sysctl.Name, "this kernel does not have it", "take it out of Remediation:Settings");
        }
    }
}
