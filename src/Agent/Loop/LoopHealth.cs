namespace Agent.Loop;

/// <summary>Whether the collector loop still turns. A scan that hangs in the kernel cannot be ended, only noticed.</summary>
internal sealed class LoopHealth(TimeProvider time)
{
    /// <summary>No scan takes this long: 10 million conntrack entries are dumped in half of it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private long _lastBeat = time.GetTimestamp();
    private long _expectedTicks;

    /// <summary>Says that the loop lives, and when it will say so again if all goes well.</summary>
    public void Beat(TimeSpan next)
    {
        Volatile.Write(ref _expectedTicks, next.Ticks);
        Volatile.Write(ref _lastBeat, time.GetTimestamp());
    }

    /// <summary>True while the loop is not overdue.</summary>
    public bool IsAlive => SinceLastBeat <= TimeSpan.FromTicks(Volatile.Read(ref _expectedTicks)) + Patience;

    public TimeSpan SinceLastBeat => time.GetElapsedTime(Volatile.Read(ref _lastBeat));
}
