using System.Runtime.InteropServices;
using Agent.Kernel.Interop;
using Agent.Kernel.ProcFs;
using Microsoft.Win32.SafeHandles;
using static Agent.Kernel.Interop.DirectoryConstants;
using static Agent.Kernel.Interop.SocketConstants;

namespace Agent.Kernel.Namespaces;

/// <summary>The kernel's own list of network namespaces.</summary>
internal interface INamespaceListing
{
    /// <summary>False where the list is of a machine around this one: process ids are not the machine's.</summary>
    bool IsOfThisNode { get; }

    /// <summary>Lists ids in rising order.</summary>
    /// <param name="after">The last id that is known; 0 to begin.</param>
    /// <param name="ids">Receives those that follow.</param>
    /// <param name="errno">0, or the error number.</param>
    /// <returns>How many.</returns>
    int List(ulong after, Span<ulong> ids, out int errno);

    /// <summary>The inode of a namespace; 0 when it is gone.</summary>
    ulong InodeOf(ulong id);
}

/// <summary>listns(2).</summary>
internal sealed class LiveNamespaceListing : INamespaceListing
{
    /// <inheritdoc/>
    public bool IsOfThisNode
    {
        get
        {
            using var own = DirectoryHandle.Open("/proc/self/ns");
            return own.Stat("pid\0"u8, out var status) == 0 && status.Inode == PROC_PID_INIT_INO;
        }
    }

    /// <inheritdoc/>
    public unsafe int List(ulong after, Span<ulong> ids, out int errno)
    {
        var request = new Libc.ns_id_req { size = (uint)sizeof(Libc.ns_id_req), ns_id = after, ns_type = CLONE_NEWNET };
        fixed (ulong* first = ids)
        {
            var count = Libc.listns(Libc.SYS_listns, &request, first, (nuint)ids.Length, 0);
            errno = count < 0 ? Marshal.GetLastPInvokeError() : 0;
            return Math.Max(0, (int)count);
        }
    }

    /// <inheritdoc/>
    public ulong InodeOf(ulong id)
    {
        using var opened = TryOpen(id);
        return opened is not null && DirectoryHandle.Stat(opened, out var status) == 0 ? status.Inode : 0;
    }

    /// <summary>Opens a namespace by its id, which is never another one's while the machine runs.</summary>
    /// <returns>Null when it is gone, or may not be opened.</returns>
    internal static unsafe SafeFileHandle? TryOpen(ulong id)
    {
        var handle = new Libc.nsfs_handle { handle_bytes = NSFS_FILE_HANDLE_SIZE, handle_type = FILEID_NSFS, ns_id = id };
        var opened = Libc.open_by_handle_at(FD_NSFS_ROOT, &handle, O_RDONLY | O_CLOEXEC);
        return opened >= 0 ? new SafeFileHandle(opened, ownsHandle: true) : null;
    }
}
