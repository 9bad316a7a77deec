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

    /// <summary>Counters since the namespace was made.</summary>
    public ConntrackStatistics? Statistics { get; init; }

    /// <summary>Entries over limit; null when either is unknown or there is no limit.</summary>
    public double? FillRatio => Entries is { } entries && Limit is > 0 and { } limit ? (double)entries / limit : null;
}
