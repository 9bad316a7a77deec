namespace Agent.Kernel.Interop;

/// <summary>
/// System calls as the C library declares them. One file for each group of man pages; declarations only. Every one sets
/// errno: read it with <see cref="System.Runtime.InteropServices.Marshal.GetLastPInvokeError"/>.
/// </summary>
internal static partial class Libc
{
    /// <summary>The runtime resolves this name to the C library of the system, glibc and musl alike.</summary>
    private const string Library = "libc";
}
