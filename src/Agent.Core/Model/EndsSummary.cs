using System.Collections.Immutable;

namespace Agent.Core.Model;

/// <summary>How the connections of one pod ended since it is watched. Immutable. Every number only grows.</summary>
public sealed record EndsSummary
{
    /// <summary>How long the kernel's messages of this pod were listened to. Nothing is known of the rest of its life.</summary>
    public required TimeSpan Watched { get; init; }

    /// <summary>Ends of connections that it accepted.</summary>
    public required EndCounts Server { get; init; }

    /// <summary>Ends of connections that it opened.</summary>
    public required EndCounts Client { get; init; }

    /// <summary>Closes after idling, by port that it listens on; only ports that have any.</summary>
    public ImmutableArray<IdleCloses> IdleCloses { get; init; } = [];

    /// <summary>
    /// Closes after idling of connections that it opened, by the port that it called: what it calls closed first. Only ports that have any.
    /// </summary>
    public ImmutableArray<IdleCloses> PeerIdleCloses { get; init; } = [];

    /// <summary>Lost requests by role, cause and port; only what is not zero.</summary>
    public ImmutableArray<LostRequests> RequestsLost { get; init; } = [];

    /// <summary>Ends of which nobody can say whether a request was lost. They are in no other count of losses.</summary>
    public long LossUnknown { get; init; }

    /// <summary>True when both have counted the same, however long they watched.</summary>
    public bool SameCounts(EndsSummary other) =>
        Server.Counts.AsSpan().SequenceEqual(other.Server.Counts.AsSpan())
        && Client.Counts.AsSpan().SequenceEqual(other.Client.Counts.AsSpan())
        && IdleCloses.Select(static closes => (closes.Port, closes.Count, closes.Sum, closes.PassedOn))
            .SequenceEqual(other.IdleCloses.Select(static closes => (closes.Port, closes.Count, closes.Sum, closes.PassedOn)))
        && PeerIdleCloses.Select(static closes => (closes.Port, closes.Count, closes.Sum))
            .SequenceEqual(other.PeerIdleCloses.Select(static closes => (closes.Port, closes.Count, closes.Sum)))
        && RequestsLost.SequenceEqual(other.RequestsLost)
        && LossUnknown == other.LossUnknown;

    /// <summary>Lost requests in a role, over all ports and causes.</summary>
    public long Lost(EndRole role) => RequestsLost.Sum(lost => lost.Role == role ? lost.Count : 0);
}

/// <summary>Ends in one role, by kind.</summary>
/// <param name="Counts">Indexed by <see cref="EndKind"/>: <see cref="Length"/> numbers.</param>
public sealed record EndCounts(ImmutableArray<long> Counts)
{
    /// <summary>How many kinds there are.</summary>
    public const int Length = (int)EndKind.TimedOut + 1;

    /// <summary>All zero.</summary>
    public static EndCounts None { get; } = new([.. new long[Length]]);

    /// <summary>Ends of one kind.</summary>
    public long this[EndKind kind] => Counts[(int)kind];

    /// <summary>Ends of all kinds.</summary>
    public long Total => Counts.Sum();
}

/// <summary>Requests that got no answer because their connection ended.</summary>
/// <param name="Role">Server: requests that reached the pod. Client: requests that the pod sent.</param>
/// <param name="Cause">Why.</param>
/// <param name="Port">The server's port; 0 for all beyond the bound on ports.</param>
/// <param name="Count">One a request.</param>
/// <param name="LastAt">When the last one was lost (UTC).</param>
public sealed record LostRequests(EndRole Role, LossCause Cause, ushort Port, long Count, DateTimeOffset LastAt)
{
    /// <summary>
    /// How long the connections of the last ones had been idle before the request was sent (median); null for a server's, which are not
    /// told that, and where the first request of a connection was lost.
    /// </summary>
    public TimeSpan? IdleBefore { get; init; }

    /// <summary>Those that were the first on their connection and were taken without an answer; null where there is none.</summary>
    public FirstUnanswered? First { get; init; }
}
