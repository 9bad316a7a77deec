using System.Runtime.InteropServices;

namespace Agent.Kernel.Interop;

/// <summary>Memory: malloc_trim(3), which only the GNU C library has, and madvise(2).</summary>
internal static partial class Libc
{
    /// <summary>linux/mman.h (asm-generic): gone from this process; of a mapped file, until it is used again.</summary>
    internal const int MADV_DONTNEED = 4;

    /// <summary>linux/mman.h (asm-generic): reclaimed before others.</summary>
    internal const int MADV_COLD = 20;

    [LibraryImport(Library)]
    internal static partial int malloc_trim(nuint pad);

    [LibraryImport(Library)]
    internal static partial int madvise(nuint address, nuint length, int advice);
}
