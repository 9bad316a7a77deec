using Agent.Kernel.Memory;

namespace Agent.Loop;

/// <summary>
/// Gives back what a scan leaves: megabytes of garbage at once, after which little is allocated until the next one. Left to itself the
/// collector keeps what it has freed, and lets large objects pile up for a minute.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="give">Returns memory: <see cref="Give"/>.</param>
internal sealed class MemoryReturn(TimeProvider time, Action<bool> give)
{
    /// <summary>Where scans follow one another closely, after some of them. This often costs about a thousandth of a core.</summary>
    private static readonly TimeSpan s_leisure = TimeSpan.FromSeconds(4);

    private long? _returnedAt;

    /// <summary>A scan has ended: returns memory if it is time to.</summary>
    /// <param name="goesOn">True when the next scan follows at once, and would only ask for it again.</param>
    public void AfterScan(bool goesOn)
    {
        if (goesOn || (_returnedAt is { } last && time.GetElapsedTime(last) < s_leisure))
        {
            return;
        }

        var isFirst = _returnedAt is null;
        _returnedAt = time.GetTimestamp();
        give(isFirst);
    }

    /// <summary>Gives back to the kernel what this process does not use now.</summary>
    /// <param name="isFirst">True for the first time.</param>
    public static void Give(bool isFirst)
    {
        if (isFirst)
        {
            // Half of the program that is in memory now is only for the start.
            _ = ProgramPages.Release();
        }

        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        NativeHeap.Trim();
    }
}
