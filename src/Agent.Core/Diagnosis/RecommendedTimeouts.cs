using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>The timeouts that this program recommends.</summary>
public static class RecommendedTimeouts
{
    /// <summary>Seconds by name without the prefix <c>nf_conntrack_</c>.</summary>
    public static ImmutableSortedDictionary<string, long> Of(Thresholds options) =>
        ImmutableSortedDictionary.Create<string, long>(StringComparer.Ordinal)
            .Add(NetfilterSettings.CloseWait, (long)options.CloseWaitTimeout.TotalSeconds);
}
