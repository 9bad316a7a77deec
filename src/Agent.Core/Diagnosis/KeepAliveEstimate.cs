using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>How long a server keeps idle connections, judged by when it closes them.</summary>
/// <param name="IdleTime">Idle time at which it closes; of the real close, which Node.js makes a second after its setting.</param>
/// <param name="IsSure">
/// True when closes of idle connections were watched and agree with each other; false when this is a guess from one scan, or when the
/// numbers disagree.
/// </param>
/// <param name="Closes">Closes of idle connections that were watched; 0 for a guess.</param>
public sealed record KeepAliveEstimate(TimeSpan IdleTime, bool IsSure, long Closes)
{
    /// <summary>At how many different instants these were, where each end was heard; null where they are known from samples only.</summary>
    public int? Events { get; init; }

    /// <summary>When the last of them was closed (UTC); null where that is not known to the second.</summary>
    public DateTimeOffset? LastAt { get; init; }

    /// <summary>True when connections were seen meanwhile that had been idle for longer.</summary>
    public bool OthersIdleLonger { get; init; }

    /// <summary>Programs that run there; empty when unknown.</summary>
    public ImmutableArray<string> Programs { get; init; } = [];

    /// <summary>True when every end was heard; false when scans saw samples, and it is a guess.</summary>
    public bool IsExact => Events is not null;

    /// <summary>Whose default this resembles, as a phrase; null when nobody's that may run there.</summary>
    public string? Resembles => KeepAliveDefaults.Like(IdleTime, Programs).Select(static known => known.Name).ToList() switch
    {
        [] => null,
        [var one] => one,
        [.. var others, var last] => $"{string.Join(", ", others)} or {last}",
    };

    /// <summary>The fixes, those for what this resembles first, then those for what runs there.</summary>
    public IEnumerable<FindingFix> Sort(ImmutableArray<FindingFix> fixes)
    {
        var like = KeepAliveDefaults.Like(IdleTime, Programs).Select(static known => known.Runtime).ToHashSet();
        return fixes.OrderByDescending(fix => fix.AppliesTo.Runtime is { } runtime && like.Contains(runtime));
    }

    /// <summary>Estimates from what scans saw: the fall-back where the ends of connections are not watched.</summary>
    /// <param name="listener">What was seen at the port.</param>
    /// <param name="running">Since when its owner runs; null when unknown.</param>
    /// <param name="probesPerMinute">
    /// Connections a minute that the kubelet opens to the port: the pod closes these first without any idling.
    /// </param>
    /// <returns>Null when the pod was not seen to close idle connections, or when what was seen has another explanation.</returns>
    public static KeepAliveEstimate? Of(Listener listener, TimeSpan? running, double probesPerMinute) =>
        SampledKeepAlive.Of(listener, running, probesPerMinute);
}
