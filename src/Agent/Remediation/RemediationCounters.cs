using System.Collections.Immutable;
using Agent.Core.Metrics;
using Agent.Core.Remediation;

namespace Agent.Remediation;

/// <summary>What was done since the agent started, for the metrics.</summary>
internal sealed class RemediationCounters
{
    private readonly Dictionary<(string Scope, string Sysctl), ImmutableSortedDictionary<string, long>> _writes = [];
    private readonly Dictionary<(string Scope, string Sysctl), ImmutableSortedDictionary<string, long>> _conflicts = [];

    public void CountWrite(SysctlKey key, WriteResult result) => Count(_writes, key, Name(result));

    public void CountConflict(SysctlKey key, string result) => Count(_conflicts, key, result);

    /// <summary>The numbers of every setting that is looked after; of pods, those of the pod with the smallest value.</summary>
    public ImmutableArray<SysctlNumbers> Numbers(RemediationPlan plan) =>
    [
        .. from value in plan.Desired
           group value by (value.Target.Scope, value.Sysctl) into same
           let worst = same.OrderBy(static value => value.Value).ThenByDescending(static value => value.Desired).First()
           select new SysctlNumbers(
               same.Key.Scope, same.Key.Sysctl, worst.Value, worst.Desired, Of(_writes, same.Key), Of(_conflicts, same.Key)),
    ];

    private static void Count(Dictionary<(string, string), ImmutableSortedDictionary<string, long>> counts, SysctlKey key, string result)
    {
        var name = (key.Scope, key.Sysctl);
        var known = Of(counts, name);
        counts[name] = known.SetItem(result, known.GetValueOrDefault(result) + 1);
    }

    private static ImmutableSortedDictionary<string, long> Of(
        Dictionary<(string, string), ImmutableSortedDictionary<string, long>> counts, (string, string) name) =>
        counts.GetValueOrDefault(name, ImmutableSortedDictionary<string, long>.Empty);

    private static string Name(WriteResult result) => result switch
    {
        WriteResult.Written => "written",
        WriteResult.Changed => "changed",
        WriteResult.ReadOnly => "read_only",
        WriteResult.Denied => "denied",
        WriteResult.Invalid => "invalid",
        WriteResult.Missing => "missing",
        WriteResult.Vanished => "vanished",
        _ => "failed",
    };
}
