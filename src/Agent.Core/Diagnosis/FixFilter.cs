using System.Buffers;
using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>
/// Leaves only the fixes that can help here. What is not known neither rules a fix out nor confirms it: such fixes come last and say what
/// must hold.
/// </summary>
internal static class FixFilter
{
    // What needs a shell on the node to mean what it says.
    private static readonly SearchValues<char> s_ofShells = SearchValues.Create("|&;<>'\"#$");

    /// <summary>The findings with the fixes that fit their subjects.</summary>
    public static IEnumerable<Finding> Apply(IEnumerable<Finding> findings, Snapshot snapshot)
    {
        var owners = snapshot.Pods.ToLookup(static pod => FindingSubject.Of(pod.Identity));
        return findings.Select(finding =>
        {
            var facts = FixFacts.Of(finding.Subject, owners[finding.Subject].FirstOrDefault(), snapshot);
            return finding with { Fix = [.. Choose(finding.Fix, facts).Select(fix => AsTyped(fix, snapshot))] };
        });
    }

    /// <summary>
    /// The fix as it is typed where this report is read: a command for the node's own shell by kubectl, where this program runs in a pod.
    /// </summary>
    private static FindingFix AsTyped(FindingFix fix, Snapshot snapshot)
    {
        var text = fix.Text
            .Replace("$NODE", snapshot.Node.Name, StringComparison.Ordinal)
            .Replace("$ACCOUNT", snapshot.Place.ServiceAccount, StringComparison.Ordinal);
        return snapshot.Place.AgentInPod == true
            && fix is { IsCommand: true, AppliesTo.NodeOs: NodeOperatingSystems.WithShell }
            && !text.AsSpan().ContainsAny(s_ofShells)
            ? fix with
            {
                Text = $"kubectl debug node/{snapshot.Node.Name} -it --profile=sysadmin --image=busybox -- chroot /host {text}",
            }
            : text == fix.Text ? fix : fix with { Text = text };
    }

    /// <summary>Those that fit, then those that may; of each first what can be typed as it stands, otherwise in their order.</summary>
    public static ImmutableArray<FindingFix> Choose(ImmutableArray<FindingFix> fixes, FixFacts facts)
    {
        var judged = fixes
            .Select(fix => (Fix: fix, Match: facts.Match(fix.AppliesTo)))
            .Where(static pair => !pair.Match.IsRuledOut)
            .Select(static pair => pair.Fix with { Condition = pair.Match.Condition })
            .ToArray();
        return [.. judged.OrderBy(static fix => fix.Condition.Length > 0).ThenBy(static fix => !fix.IsCommand)];
    }
}
