using Agent.Kernel.Conntrack;

namespace Agent.Core.Model;

/// <summary>The host's conntrack table in numbers. Null members could not be read.</summary>
public sealed record ConntrackSummary
{
    /// <summary>nf_conntrack_count; includes entries that expired but were not collected yet.</summary>
    public long? Entries { get; init; }

    /// <summary>nf_conntrack_max; 0 means no limit.</summary>
    public long? Limit { get; init; }

    /// <summary>nf_conntrack_buckets.</summary>
    public long? Buckets { get; init; }

    /// <summary>The dump, or null when none was possible.</summary>
    public FlowSummary? Flows { get; init; }

    /// <summary>True while the first dump of a large table is still being made: what it holds is known with the next scan.</summary>
    public bool IsBeingRead { get; init; }

    /// <summary>Counters since the namespace was made.</summary>
    public ConntrackStatistics? Statistics { get; init; }

    /// <summary>Entries over limit; null when either is unknown or there is no limit.</summary>
    public double? FillRatio => Entries is { } entries && Limit is > 0 and { } limit ? (double)entries / limit : null;

    /// <summary>
    /// When the table is full if it goes on to grow as in the last dumps: an estimate. Null when it does not grow, or has no limit.
    /// </summary>
    public TimeSpan? FullIn =>
        Entries is { } entries && Limit is > 0 and { } limit && Flows?.Use.PerSecond is > 0 and { } rate
        && Math.Max(0, limit - entries) / rate is <= MaxFullInSeconds and var seconds
            ? TimeSpan.FromSeconds(seconds)
            : null;

    // Beyond a month it says nothing.
    private const double MaxFullInSeconds = 30 * 86_400;
}
