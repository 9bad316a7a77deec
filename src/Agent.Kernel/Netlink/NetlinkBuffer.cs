using System.Runtime.InteropServices;

namespace Agent.Kernel.Netlink;

/// <summary>
/// Native memory for one datagram or one read of a /proc file: outside the managed heap, made once and used for every
/// socket and namespace of a scan. Not thread-safe.
/// </summary>
/// <remarks>
/// The kernel fills at most 32 KiB of a dump into one datagram (netlink_dump, net/netlink/af_netlink.c), so 64 KiB never truncate.
/// </remarks>
public sealed unsafe class NetlinkBuffer : SafeHandle
{
    /// <summary>Bytes in the buffer.</summary>
    public const int Size = 64 * 1024;

    /// <summary>Allocates the buffer.</summary>
    public NetlinkBuffer()
        : base(0, ownsHandle: true) => SetHandle((nint)NativeMemory.Alloc(Size));

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>The whole buffer; what it holds is overwritten by the next receive.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was disposed of.</exception>
    public Span<byte> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return new((void*)handle, Size);
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        NativeMemory.Free((void*)handle);
        return true;
    }
}
