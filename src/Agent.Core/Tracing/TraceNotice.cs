namespace Agent.Core.Tracing;

/// <summary>Ends that happened and are not shown, since the last notice.</summary>
/// <param name="Missed">Lost to an overrun: they came faster than they were read.</param>
/// <param name="Skipped">Seen by the agent, but this reader took its lines too slowly.</param>
public readonly record struct TraceNotice(long Missed, long Skipped)
{
    /// <summary>True when nothing is missing.</summary>
    public bool IsEmpty => Missed == 0 && Skipped == 0;
}
