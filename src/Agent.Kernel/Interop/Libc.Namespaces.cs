using System.Runtime.InteropServices;

namespace Agent.Kernel.Interop;

/// <summary>listns(2), which the C library has no function for, and open_by_handle_at(2).</summary>
internal static unsafe partial class Libc
{
    /// <summary>Linux 6.19; the same on every architecture.</summary>
    internal const nint SYS_listns = 470;

    /// <summary>listns(2): how many ids were written. By syscall(2) with <see cref="SYS_listns"/>.</summary>
    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint listns(nint number, ns_id_req* request, ulong* ids, nuint count, uint flags);

    /// <summary>open_by_handle_at(2): a descriptor.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int open_by_handle_at(int mount, nsfs_handle* handle, int flags);

    /// <summary>struct ns_id_req, include/uapi/linux/nsfs.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ns_id_req
    {
        internal uint size;
        internal uint spare;

        /// <summary>Ids above this one are listed.</summary>
        internal ulong ns_id;

        /// <summary>CLONE_NEW*.</summary>
        internal uint ns_type;
        internal uint spare2;

        /// <summary>0: whoever owns them.</summary>
        internal ulong user_ns_id;
    }

    /// <summary>struct file_handle, linux/fcntl.h, that holds a struct nsfs_file_handle, include/uapi/linux/nsfs.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct nsfs_handle
    {
        internal uint handle_bytes;
        internal int handle_type;
        internal ulong ns_id;

        /// <summary>CLONE_NEW*; 0, as the inode number, for whatever has the id.</summary>
        internal uint ns_type;
        internal uint ns_inum;
    }
}
