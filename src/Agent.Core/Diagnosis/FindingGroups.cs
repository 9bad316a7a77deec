using System.Collections.Immutable;

namespace Agent.Core.Diagnosis;

/// <summary>
/// Makes findings readable: what follows from a cause goes with that cause, and many pods with the same finding
/// become one entry. Metrics and JSON keep one for each pod.
/// </summary>
public static class FindingGroups
{
    /// <summary>So many subjects with the same finding are still shown one by one.</summary>
    public const int ShownAlone = 3;

    private const int NamesShown = 10;

    /// <summary>
    /// Causes alone, worst first, each as bad as the worst that follows from it. Those of the same id, form and severity with more than
    /// <see cref="ShownAlone"/> subjects become one, at the place of the first. What follows from a finding that is not among them stands
    /// for itself.
    /// </summary>
    public static ImmutableArray<Finding> ForReading(ImmutableArray<Finding> findings) =>
        [.. Causes(findings, ShownAlone + 1).Select(static cause => WithConsequences(Merge(cause.Members), cause.Consequences))];

    /// <summary>The same causes, those of the same id, form and severity always together.</summary>
    public static ImmutableArray<CauseGroup> Causes(ImmutableArray<Finding> findings) => Causes(findings, 2);

    private static ImmutableArray<CauseGroup> Causes(ImmutableArray<Finding> findings, int fewestTogether)
    {
        var known = findings.ToLookup(static finding => (finding.Id, finding.Subject));
        var following = findings
            .Select(finding => (Finding: finding, Root: RootOf(finding, known)))
            .Where(static pair => !ReferenceEquals(pair.Finding, pair.Root))
            .ToLookup(static pair => pair.Root, static pair => pair.Finding, ReferenceEqualityComparer.Instance);
        var causes = findings
            .Where(finding => ReferenceEquals(finding, RootOf(finding, known)))
            .ToDictionary(
                cause => AsBadAs(cause, following[cause]),
                cause => following[cause].ToImmutableArray(),
                (IEqualityComparer<Finding>)ReferenceEqualityComparer.Instance);
        return
        [
            .. Together(FindingOrder.Sort(causes.Keys), fewestTogether)
                .Select(group => new CauseGroup(group, FindingOrder.Sort(group.SelectMany(cause => causes[cause])))),
        ];
    }

    /// <summary>The cause at the beginning of the chain.</summary>
    private static Finding RootOf(Finding finding, ILookup<(string Id, FindingSubject Subject), Finding> known)
    {
        var root = finding;
        // A chain is two links long at most; one that bites its own tail ends here too.
        for (var links = 0; links < 4
            && root.CausedBy is { } id
            && known[(id, root.CauseSubject ?? root.Subject)].FirstOrDefault() is { } cause; links++)
        {
            root = cause;
        }

        return root;
    }

    private static Finding AsBadAs(Finding cause, IEnumerable<Finding> consequences) =>
        cause with { Severity = consequences.Select(static consequence => consequence.Severity).Append(cause.Severity).Max() };

    private static IEnumerable<ImmutableArray<Finding>> Together(ImmutableArray<Finding> findings, int fewest) => findings
        .GroupBy(static finding => (finding.Id, finding.Form, finding.Severity, finding.CausedBy, finding.Subject.IsOfNode))
        .SelectMany(group => group.Count() >= fewest && !group.Key.IsOfNode
            ? [[.. group]]
            : group.Select(static finding => ImmutableArray.Create(finding)));

    private static Finding Merge(ImmutableArray<Finding> group)
    {
        if (group.Length == 1)
        {
            return group[0];
        }

        var others = group.Length - ShownAlone;
        var names = group.Skip(ShownAlone).Take(NamesShown).Select(static finding => finding.Subject.DisplayName);
        var rest = others > NamesShown ? ", ..." : ".";
        return group[0] with
        {
            Title = $"{group[0].Title} (+{group.Length - 1} more pods)",
            Evidence =
            [
                .. group[0].Evidence,
                .. group.Skip(1).Take(ShownAlone - 1).Select(static finding => $"{finding.Title}."),
                $"+{others} more pods: {string.Join(", ", names)}{rest}",
            ],
            Victims = group.Sum(static finding => finding.Victims),
            FirstSeen = group.Min(static finding => finding.FirstSeen),
        };
    }

    private static Finding WithConsequences(Finding cause, ImmutableArray<Finding> consequences) =>
        consequences.IsEmpty ? cause : cause with { Consequences = [.. Together(consequences, ShownAlone + 1).Select(Merge)] };
}
