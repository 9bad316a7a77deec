using System.Collections.Immutable;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>Runs every rule on a snapshot and puts what they found in order.</summary>
public static class DiagnosisEngine
{
    private static readonly ImmutableArray<string> s_essential = [SourceNames.Conntrack, SourceNames.Sockets];

    /// <summary>Judges a snapshot.</summary>
    /// <param name="context">The snapshot, those before it, and thresholds.</param>
    /// <param name="alsoFound">Findings that no rule can see in a snapshot, such as those of remediation.</param>
    public static DiagnosisResult Evaluate(DiagnosisContext context, IEnumerable<Finding>? alsoFound = null) =>
        Evaluate(context, FindingCatalog.Rules, alsoFound);

    /// <summary>Judges a snapshot by the given rules.</summary>
    public static DiagnosisResult Evaluate(
        DiagnosisContext context, IEnumerable<IFindingRule> rules, IEnumerable<Finding>? alsoFound = null)
    {
        var all = rules.ToLookup(static rule => rule is IRemainderRule);
        ImmutableArray<Finding> found =
            [.. all[false].SelectMany(rule => Run(rule, () => rule.Evaluate(context), context)), .. alsoFound ?? []];
        ImmutableArray<Finding> remainder = [.. Remainder(found)];
        var ordered = FindingOrder.Sort(FixFilter.Apply(CauseLinks.Link(found.Concat(remainder)), context.Current));
        ImmutableArray<string> unreadable = [.. s_essential
            .Where(name => context.Current.Source(name) is { } source && !context.Current.HasSource(name)
                && !SourceUnavailableRule.IsExpected(context.Current, source))];
        return new(ordered, Headline.Of(ordered, unreadable))
        {
            Unreadable = unreadable,
            Present = [.. context.Current.Pods.Select(static pod => FindingSubject.Of(pod.Identity))],
            Explained = [.. Remainder([]).Select(Key).Except(remainder.Select(Key))],
        };

        IEnumerable<Finding> Remainder(ImmutableArray<Finding> others) =>
            all[true].Cast<IRemainderRule>().SelectMany(rule => Run(rule, () => rule.Evaluate(context, others), context));

        static (string Id, FindingSubject Subject) Key(Finding finding) => (finding.Id, finding.Subject);
    }

    // A mistake in one rule must not cost the others' findings, so whatever it throws becomes a finding itself.
    private static ImmutableArray<Finding> Run(IFindingRule rule, Func<IEnumerable<Finding>> evaluate, DiagnosisContext context)
    {
        try
        {
            return [.. evaluate()];
        }
        catch (Exception exception)
        {
            return [FindingCatalog.Get(SourceUnavailableRule.Id).Report(
                Severity.Warning,
                FindingSubject.Source("internal"),
                $"internal error: the rule {rule.Explanation.Id} failed, so nothing is said about it",
                [$"{exception.GetType().Name}: {exception.Message}", $"Node {context.Current.Node.Name}, kernel "
                    + $"{context.Current.Node.Kernel}."],
                fixes: [new("what to send with a report of this bug", "closewatch report --fresh -o json")])];
        }
    }
}
