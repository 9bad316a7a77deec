namespace Agent.Core.Ends;

/// <summary>The time of a message, of a dump or of an answer, as the caller's clock has it.</summary>
/// <param name="Monotonic">Never goes back; what is compared.</param>
/// <param name="Utc">What is shown.</param>
public readonly record struct EndClock(TimeSpan Monotonic, DateTimeOffset Utc);
