using Agent.Kernel.Interop;
using Agent.Kernel.ProcFs;

namespace Agent.Kernel.Memory;

/// <summary>The pages of this program's own file that are in its memory.</summary>
public static class ProgramPages
{
    /// <summary>
    /// Gives those back that nobody has changed, and lets the kernel reclaim them before others (madvise(2), MADV_COLD and MADV_DONTNEED).
    /// What is used again comes back from the page cache, at the cost of a page fault.
    /// </summary>
    /// <returns>How many bytes that was; null where this process must not read its own /proc/self/smaps.</returns>
    public static long? Release()
    {
        try
        {
            var bytes = 0L;
            foreach (var range in ProcSmaps.Unchanged(File.ReadLines("/proc/self/smaps"), Environment.ProcessPath ?? "/"))
            {
                // Before Linux 5.4 there is no MADV_COLD: then they only stay longer in the page cache.
                _ = Libc.madvise(range.Start, range.Length, Libc.MADV_COLD);
                bytes += Libc.madvise(range.Start, range.Length, Libc.MADV_DONTNEED) == 0 ? range.ResidentBytes : 0;
            }

            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
