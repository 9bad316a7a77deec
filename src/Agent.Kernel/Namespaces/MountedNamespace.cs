using System.Runtime.InteropServices;
using Agent.Kernel.Interop;
using Agent.Kernel.ProcFs;
using Microsoft.Win32.SafeHandles;
using static Agent.Kernel.Interop.DirectoryConstants;

namespace Agent.Kernel.Namespaces;

/// <summary>A network namespace that is mounted somewhere in the mount namespace of a process.</summary>
/// <param name="Inode">The namespace's inode.</param>
/// <param name="Holder">A process whose mount namespace it is mounted in.</param>
/// <param name="MadeNanoseconds">As <see cref="NamedNamespace.MadeNanoseconds"/>.</param>
public sealed record MountedNamespace(ulong Inode, NamespaceProcess Holder, long MadeNanoseconds)
{
    // A lookup in the cache may lose a race with a rename somewhere, and says EAGAIN as for what is not cached.
    private const int Tries = 3;

    /// <summary>Below the process's root directory, with a NUL behind it.</summary>
    internal byte[] RelativePath { get; init; } = [];

    /// <summary>Opens it again.</summary>
    /// <returns>Null when something else is there now, or it cannot be reached without waiting.</returns>
    internal SafeFileHandle? TryOpen(DirectoryHandle procRoot)
    {
        var opened = TryOpen(procRoot, Holder.Pid, RelativePath, out var status);
        if (opened is not null && (status.Inode, status.ModifiedNanoseconds) != (Inode, MadeNanoseconds))
        {
            opened.Dispose();
            return null;
        }

        return opened;
    }

    /// <summary>Opens a file of nsfs below the root directory of a process.</summary>
    /// <param name="procRoot">The proc file system.</param>
    /// <param name="pid">The process.</param>
    /// <param name="relativePath">Ends in NUL.</param>
    /// <param name="status">Of the file.</param>
    /// <returns>Null when it is none, or cannot be opened.</returns>
    /// <remarks>
    /// The directories on the way are the process's to change: one on a file system of its own (FUSE) could keep whoever looks a name up
    /// in it waiting for ever. RESOLVE_CACHED (openat2(2), Linux 5.12) takes only what the kernel holds already, as it does mount points
    /// and what leads to them, and asks no file system.
    /// </remarks>
    internal static unsafe SafeFileHandle? TryOpen(
        DirectoryHandle procRoot, int pid, ReadOnlySpan<byte> relativePath, out FileStatus status)
    {
        status = default;
        using var top = procRoot.OpenPath(pid, "root"u8);
        if (top is null)
        {
            return null;
        }

        var how = new Libc.open_how
        {
            flags = SocketConstants.O_CLOEXEC,
            resolve = RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_CACHED,
        };
        for (var i = 0; i < Tries; i++)
        {
            nint descriptor;
            fixed (byte* path = relativePath)
            {
                descriptor = Libc.openat2(Libc.SYS_openat2, top, path, &how, (nuint)sizeof(Libc.open_how));
            }

            if (descriptor >= 0)
            {
                var opened = new SafeFileHandle(descriptor, ownsHandle: true);
                if (DirectoryHandle.IsOn(opened, NSFS_MAGIC) && DirectoryHandle.Stat(opened, out status) == 0)
                {
                    return opened;
                }

                opened.Dispose();
                return null;
            }

            if (Marshal.GetLastPInvokeError() != ErrnoText.EAGAIN)
            {
                return null;
            }
        }

        return null;
    }
}
