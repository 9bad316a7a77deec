namespace Agent.Loop;

/// <summary>
/// Notices that the machine's clock was set, or that the machine was suspended: the time of day has moved otherwise than the monotonic
/// clock. What is remembered by the time of day is then moved along, so that a minute ago stays a minute ago.
/// </summary>
internal sealed class ClockSteps(TimeProvider time)
{
    /// <summary>What is less is the slewing of NTP, or the moment between the readings of two clocks.</summary>
    private static readonly TimeSpan s_least = TimeSpan.FromSeconds(1);

    private (DateTimeOffset Wall, long Timestamp)? _last;

    /// <summary>How far the time of day has moved by itself since the last call; zero when it has not.</summary>
    public TimeSpan Next()
    {
        var (wall, timestamp) = (time.GetUtcNow(), time.GetTimestamp());
        var step = _last is { } last ? wall - last.Wall - time.GetElapsedTime(last.Timestamp, timestamp) : TimeSpan.Zero;
        _last = (wall, timestamp);
        return step.Duration() >= s_least ? step : TimeSpan.Zero;
    }
}
