using System.Collections.Immutable;

namespace Agent.Core.Model;

/// <summary>Connections of one server port that their server closed first after they had been idle.</summary>
/// <param name="Port">The server's port; 0 for all beyond the bound on ports.</param>
/// <param name="Buckets">
/// Closes by idle time, not cumulative: one number for each bound of the histogram in docs/metrics.md, and one for what is longer.
/// </param>
/// <param name="Sum">All idle times added up.</param>
/// <param name="Median">Half of the last ones were at most so long.</param>
/// <param name="Percentile90">Nine tenths of the last ones were at most so long.</param>
public sealed record IdleCloses(ushort Port, ImmutableArray<long> Buckets, TimeSpan Sum, TimeSpan Median, TimeSpan Percentile90)
{
    /// <summary>All such closes.</summary>
    public long Count => Buckets.Sum();

    /// <summary>
    /// The last ones by when they happened, oldest first, without those that were passed on; a bounded number. Closes that a request had
    /// just come before are among them: they tell the same age.
    /// </summary>
    public ImmutableArray<IdleCloseEvent> Events { get; init; } = [];

    /// <summary>
    /// Those of the last ones that only passed on the close of a server behind this one: a proxy closes what its server has closed.
    /// </summary>
    public long PassedOn { get; init; }
}

/// <summary>Idle connections that were closed at one instant: by a time-out that ended for all of them, or by a reload.</summary>
/// <param name="At">When the first one was closed (UTC).</param>
/// <param name="Connections">How many.</param>
/// <param name="Shortest">The shortest of their idle times.</param>
/// <param name="Typical">The median.</param>
/// <param name="Longest">The longest.</param>
public readonly record struct IdleCloseEvent(DateTimeOffset At, int Connections, TimeSpan Shortest, TimeSpan Typical, TimeSpan Longest);
