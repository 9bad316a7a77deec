using System.Diagnostics;

namespace Agent.Benchmarks;

/// <summary>What one run cost.</summary>
/// <param name="Wall">Time that passed.</param>
/// <param name="Cpu">Time on a processor, in the program and in the kernel for it (getrusage(2)).</param>
/// <param name="PeakBytes">Most memory resident at once.</param>
/// <param name="AllocatedBytes">Managed memory allocated; null for a program that has none.</param>
internal readonly record struct Sample(TimeSpan Wall, TimeSpan Cpu, long PeakBytes, long? AllocatedBytes = null)
{
    /// <summary>Runs code of this process and measures it.</summary>
    public static Sample Of(Action scan)
    {
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var cpu = Environment.CpuUsage.TotalTime;
        var begin = Stopwatch.GetTimestamp();
        scan();
        var wall = Stopwatch.GetElapsedTime(begin);
        var used = Environment.CpuUsage.TotalTime - cpu;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;

        // To ask for the memory allocates 3 KB, and more with the length of what /proc tells of this process.
        return new(wall, used, Environment.WorkingSet, allocated);
    }
}
