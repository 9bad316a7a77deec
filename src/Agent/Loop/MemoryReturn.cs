using Agent.Kernel.Memory;

namespace Agent.Loop;

/// <summary>
/// Gives back what a scan leaves: megabytes of garbage at once, after which little is allocated until the next one. Left to itself the
/// collector keeps what it has freed, and lets large objects pile up for a minute.
/// </summary>
internal sealed class MemoryReturn(TimeProvider time)
{
    /// <summary>Where scans follow one another closely, after some of them. This often costs about a thousandth of a core.</summary>
    private static readonly TimeSpan s_leisure = TimeSpan.FromSeconds(4);

    private long? _returnedAt;

    /// <summary>A scan has ended: returns memory if it is time to.</summary>
    /// <param name="goesOn">True when the next scan follows at once, and would only ask for it again.</param>
    public void AfterScan(bool goesOn)
    {
        if (!IsDue(goesOn, out var isFirst))
        {
            return;
        }

        if (isFirst)
        {
            // Half of the program that is in memory now is only for the start.
            _ = ProgramPages.Release();
        }

        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        NativeHeap.Trim();
    }

    /// <summary>Whether memory is to be returned now, and then for the first time.</summary>
    internal bool IsDue(bool goesOn, out bool isFirst)
    {
        isFirst = _returnedAt is null;
        if (goesOn || (_returnedAt is { } last && time.GetElapsedTime(last) < s_leisure))
        {
            return false;
        }

        _returnedAt = time.GetTimestamp();
        return true;
    }
}
