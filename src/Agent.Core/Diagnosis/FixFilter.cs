using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>
/// Leaves only the fixes that can help here. What is not known neither rules a fix out nor confirms it: such fixes come last and say what
/// must hold.
/// </summary>
internal static class FixFilter
{
    /// <summary>The findings with the fixes that fit their subjects.</summary>
    public static IEnumerable<Finding> Apply(IEnumerable<Finding> findings, Snapshot snapshot)
    {
        var owners = snapshot.Pods.ToLookup(static pod => FindingSubject.Of(pod.Identity));
        return findings.Select(finding =>
        {
            var facts = FixFacts.Of(finding.Subject, owners[finding.Subject].FirstOrDefault(), snapshot);
            return finding with { Fix = Choose(finding.Fix, facts) };
        });
    }

    /// <summary>Those that fit, in their order; then those that may.</summary>
    public static ImmutableArray<FindingFix> Choose(ImmutableArray<FindingFix> fixes, FixFacts facts)
    {
        var judged = fixes
            .Select(fix => (Fix: fix, Match: facts.Match(fix.AppliesTo)))
            .Where(static pair => !pair.Match.IsRuledOut)
            .Select(static pair => pair.Fix with { Condition = pair.Match.Condition })
            .ToArray();
        return [.. judged.OrderBy(static fix => fix.Condition.Length > 0)];
    }
}
