using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Agent.Kernel.Interop;

/// <summary>openat(2), openat2(2), getdents64(2), statx(2), fstatfs(2), readlinkat(2), lseek(2), setns(2).</summary>
internal static unsafe partial class Libc
{
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int openat(SafeFileHandle directory, byte* path, int flags);

    /// <summary>openat2(2), which the C library has no function for: syscall(2) with <see cref="SYS_openat2"/>.</summary>
    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint openat2(nint number, SafeFileHandle directory, byte* path, open_how* how, nuint size);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint getdents64(SafeFileHandle directory, byte* buffer, nuint length);

    /// <summary>Chosen over stat(2) because struct statx is the same on every architecture.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int statx(SafeFileHandle directory, byte* path, int flags, uint mask, statx_result* result);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fstatfs(SafeFileHandle file, statfs_result* result);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint readlinkat(SafeFileHandle directory, byte* path, byte* buffer, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial long lseek(SafeFileHandle file, long offset, int whence);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int setns(SafeFileHandle @namespace, int type);

    /// <summary>The same on every architecture, as those of all system calls since Linux 5.1.</summary>
    internal const nint SYS_openat2 = 437;

    /// <summary>struct open_how, include/uapi/linux/openat2.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct open_how
    {
        internal ulong flags;
        internal ulong mode;
        internal ulong resolve;
    }

    /// <summary>struct statfs of a 64-bit system: the member in use; larger than any architecture's.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct statfs_result
    {
        [FieldOffset(0)]
        internal nint f_type;
    }

    /// <summary>struct statx, include/uapi/linux/stat.h: the members in use.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct statx_result
    {
        [FieldOffset(28)]
        internal ushort stx_mode;

        [FieldOffset(32)]
        internal ulong stx_ino;

        [FieldOffset(112)]
        internal long stx_mtime_sec;

        [FieldOffset(120)]
        internal uint stx_mtime_nsec;

        [FieldOffset(136)]
        internal uint stx_dev_major;

        [FieldOffset(140)]
        internal uint stx_dev_minor;
    }
}
