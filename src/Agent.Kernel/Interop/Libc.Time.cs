using System.Runtime.InteropServices;

namespace Agent.Kernel.Interop;

/// <summary>clock_gettime(2).</summary>
internal static unsafe partial class Libc
{
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int clock_gettime(int clock, Timespec* time);

    /// <summary>struct timespec with 64-bit members, as on every 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Timespec
    {
        internal nint tv_sec;
        internal nint tv_nsec;
    }
}
