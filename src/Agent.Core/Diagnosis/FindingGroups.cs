using System.Collections.Immutable;

namespace Agent.Core.Diagnosis;

/// <summary>Makes one readable entry of many pods with the same finding. Metrics and JSON keep one for each pod.</summary>
public static class FindingGroups
{
    /// <summary>So many subjects with the same finding are still shown one by one.</summary>
    public const int ShownAlone = 3;

    private const int NamesShown = 10;

    /// <summary>Findings of the same id, form, severity and cause with more than <see cref="ShownAlone"/> subjects become one, at the place of the first.</summary>
    /// <param name="findings">Worst first.</param>
    public static ImmutableArray<Finding> ForReading(ImmutableArray<Finding> findings) =>
    [
        .. findings
            .GroupBy(static finding => (finding.Id, finding.Form, finding.Severity, finding.CausedBy, IsNode: finding.Subject.Kind is "node" or "source"))
            .SelectMany(static IEnumerable<Finding> (group) => group.Count() > ShownAlone && !group.Key.IsNode ? [Merge([.. group])] : group),
    ];

    private static Finding Merge(ImmutableArray<Finding> group)
    {
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
}
