namespace Agent.Core.Tracing;

/// <summary>Ends that happened and are not shown, since the last notice, and how much of the time is listened to.</summary>
/// <param name="Missed">Lost to an overrun: they came faster than they were read.</param>
/// <param name="Skipped">Seen by the agent, but this reader took its lines too slowly.</param>
/// <param name="WatchedShare">
/// Share of the last minutes in which the agent listened: 0 to 1; null when it has not changed, and before it was below 1.
/// </param>
public readonly record struct TraceNotice(long Missed, long Skipped, double? WatchedShare = null)
{
    /// <summary>True when there is nothing to say.</summary>
    public bool IsEmpty => Missed == 0 && Skipped == 0 && WatchedShare is null;
}
