using System.Runtime.InteropServices;

namespace Agent.Kernel.Interop;

/// <summary>malloc_trim(3), which only the GNU C library has.</summary>
internal static partial class Libc
{
    [LibraryImport(Library)]
    internal static partial int malloc_trim(nuint pad);
}
