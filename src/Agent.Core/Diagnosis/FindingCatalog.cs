using System.Collections.Frozen;
using System.Collections.Immutable;
using Agent.Core.Diagnosis.Catalog;

namespace Agent.Core.Diagnosis;

/// <summary>The explanations of all findings: the one place that reports, <c>closewatch explain</c> and docs/findings.md take them from.</summary>
public static class FindingCatalog
{
    /// <summary>All, grouped by where the cause is.</summary>
    public static ImmutableArray<FindingExplanation> All { get; } =
    [
        .. KeepAliveFindings.All,
        .. ConntrackFindings.All,
        .. HalfClosedFindings.All,
        .. PodFindings.All,
        .. AgentFindings.All,
    ];

    private static readonly FrozenDictionary<string, FindingExplanation> s_byId = All.ToFrozenDictionary(static explanation => explanation.Id, StringComparer.Ordinal);

    /// <summary>The explanation of a finding.</summary>
    /// <exception cref="KeyNotFoundException">The id is not one of <see cref="FindingIds"/>.</exception>
    public static FindingExplanation Get(string id) => s_byId[id];

    /// <summary>The explanation of a finding, or null when there is no such finding.</summary>
    public static FindingExplanation? Find(string id) => s_byId.GetValueOrDefault(id);
}
