using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Agent.Kernel.Interop;

/// <summary>open(2), read(2), write(2), close(2).</summary>
internal static unsafe partial class Libc
{
    /// <summary>A descriptor, or -1. Without O_CREAT, so that the variadic mode argument is never needed.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int open(byte* path, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint read(SafeFileHandle file, byte* buffer, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint read(int descriptor, byte* buffer, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint write(SafeFileHandle file, byte* buffer, nuint length);

    /// <summary>For a handle's own end; never tried again, as Linux has let go of the descriptor also after EINTR.</summary>
    [LibraryImport(Library)]
    internal static partial int close(int descriptor);
}
