using Agent.Kernel.Interop;

namespace Agent.Kernel.Memory;

/// <summary>What the C library keeps of the memory that native code (the runtime, its compiler, zlib) has given back to it.</summary>
public static class NativeHeap
{
    private static bool s_cannot;

    /// <summary>
    /// Returns free pages of all its arenas to the kernel (malloc_trim(3)). Does nothing where the C library is not GNU's.
    /// </summary>
    public static void Trim()
    {
        if (s_cannot)
        {
            return;
        }

        try
        {
            _ = Libc.malloc_trim(0);
        }
        catch (EntryPointNotFoundException)
        {
            s_cannot = true;
        }
    }
}
