using System.Collections.Frozen;
using System.Collections.Immutable;
using Agent.Core.Diagnosis.Rules;

namespace Agent.Core.Diagnosis;

/// <summary>
/// All findings. A finding is one file, whose rule carries its explanation: reports, <c>closewatch explain</c> and docs/findings.md
/// take their words from there. A new one is added to <see cref="Rules"/>.
/// </summary>
public static class FindingCatalog
{
    /// <summary>All rules, grouped by where the cause is.</summary>
    public static ImmutableArray<IFindingRule> Rules { get; } =
    [
        new BackendClosesIdleFirstRule(),
        new ResetOnReuseRule(),
        new UpstreamClosesIdleFirstRule(),
        new RequestsLostRule(),
        new ListenQueueOverflowRule(),
        new CloseWaitTimeoutShortRule(),
        new EstablishedTimeoutShortRule(),
        new ConntrackTablePressureRule(),
        new ConntrackDropsRule(),
        new SnatPortPressureRule(),
        new ConntrackInvalidPacketsRule(),
        new HalfClosedExpiringRule(),
        new HalfClosedUntrackedRule(),
        new CloseWaitLeakRule(),
        new FinWait2PileUpRule(),
        new TimeWaitOverflowRule(),
        new ConntrackNotAuthoritativeRule(),
        new TerminatingWithConnectionsRule(),
        new ConnectionsLostAtTerminationRule(),
        new TerminationUnpreparedRule(),
        new PodNotReadyRule(),
        new ReadinessFlappingRule(),
        new ProbeMissingRule(),
        new ContainerRestartingRule(),
        new ReplicasColocatedRule(),
        new SourceUnavailableRule(),
    ];

    /// <summary>The explanations of all rules, and of what remediation finds by itself.</summary>
    public static ImmutableArray<FindingExplanation> All { get; } =
        [.. Rules.Select(static rule => rule.Explanation), SysctlConflict.Explanation];

    private static readonly FrozenDictionary<string, FindingExplanation> s_byId =
        All.ToFrozenDictionary(static explanation => explanation.Id, StringComparer.Ordinal);

    /// <summary>The explanation of a finding.</summary>
    /// <exception cref="KeyNotFoundException">There is no such finding.</exception>
    public static FindingExplanation Get(string id) => s_byId[id];

    /// <summary>The explanation of a finding, or null when there is no such finding.</summary>
    public static FindingExplanation? Find(string id) => s_byId.GetValueOrDefault(id);
}
