using System.Collections.Immutable;

namespace Agent.Core.Diagnosis;

/// <summary>Worst first, then by victims; what follows from a finding of the same severity comes after it.</summary>
public static class FindingOrder
{
    /// <summary>Sorts. The order depends on the findings alone, not on the order they came in.</summary>
    public static ImmutableArray<Finding> Sort(IEnumerable<Finding> findings) =>
    [
        .. findings
            .OrderByDescending(static finding => finding.Severity)
            .ThenBy(static finding => finding.CausedBy is not null)
            .ThenByDescending(static finding => finding.Victims)
            .ThenBy(static finding => finding.Id, StringComparer.Ordinal)
            .ThenBy(static finding => finding.Subject.Namespace, StringComparer.Ordinal)
            .ThenBy(static finding => finding.Subject.Name, StringComparer.Ordinal),
    ];
}
