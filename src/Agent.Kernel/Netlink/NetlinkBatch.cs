using System.Runtime.InteropServices;
using Agent.Kernel.Interop;
using static Agent.Kernel.Interop.NetlinkConstants;
using static Agent.Kernel.Interop.SocketConstants;

namespace Agent.Kernel.Netlink;

/// <summary>
/// Native memory for many small datagrams that one call of recvmmsg(2) fills: outside the managed heap, made once. Not thread-safe.
/// </summary>
public sealed unsafe class NetlinkBatch : SafeHandle
{
    /// <summary>Datagrams in one call.</summary>
    public const int Length = 64;

    /// <summary>Bytes for one datagram; a longer one is cut off.</summary>
    public const int DatagramSize = 1024;

    // One struct cmsghdr with an int, and room for a second.
    private const int ControlSize = 64;

    private const int HeadersOffset = 0;
    private static readonly int s_vectorsOffset = HeadersOffset + (Length * sizeof(Libc.Mmsghdr));
    private static readonly int s_namesOffset = s_vectorsOffset + (Length * sizeof(Libc.Iovec));
    private static readonly int s_controlsOffset = s_namesOffset + (Length * NameSize);
    private static readonly int s_dataOffset = s_controlsOffset + (Length * ControlSize);
    private static readonly int s_size = s_dataOffset + (Length * DatagramSize);

    private int _used = Length;

    /// <summary>Allocates the memory.</summary>
    public NetlinkBatch()
        : base(0, ownsHandle: true)
    {
        SetHandle((nint)NativeMemory.AllocZeroed((nuint)s_size));
        for (var i = 0; i < Length; i++)
        {
            Vectors[i] = new() { iov_base = At(s_dataOffset + (i * DatagramSize)), iov_len = DatagramSize };
            Headers[i].msg_name = (Libc.SockaddrNl*)At(s_namesOffset + (i * NameSize));
            Headers[i].msg_iov = &Vectors[i];
            Headers[i].msg_iovlen = 1;
            Headers[i].msg_control = At(s_controlsOffset + (i * ControlSize));
        }
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    private static int NameSize => sizeof(Libc.SockaddrNl) + sizeof(uint);

    private Libc.Mmsghdr* Headers => (Libc.Mmsghdr*)At(HeadersOffset);

    private Libc.Iovec* Vectors => (Libc.Iovec*)At(s_vectorsOffset);

    /// <summary>
    /// The bytes of one datagram that the last call filled; empty when it is not the kernel's: any process with the right may send.
    /// </summary>
    public ReadOnlySpan<byte> Datagram(int index)
    {
        ref readonly var header = ref Headers[index];
        return header.msg_name->nl_pid == 0 ? new(header.msg_iov->iov_base, (int)Math.Min(header.msg_len, DatagramSize)) : [];
    }

    /// <summary>
    /// The number (nsid) of the namespace that a datagram comes from; null for the socket's own (NETLINK_LISTEN_ALL_NSID).
    /// </summary>
    public int? NamespaceNumber(int index)
    {
        ref readonly var header = ref Headers[index];
        var control = new ReadOnlySpan<byte>(header.msg_control, (int)Math.Min(header.msg_controllen, ControlSize));
        return control.Length >= SizeofCmsghdr + sizeof(int)
            && MemoryMarshal.Read<int>(control[CmsgLevelOffset..]) == SOL_NETLINK
            && MemoryMarshal.Read<int>(control[CmsgTypeOffset..]) == NETLINK_LISTEN_ALL_NSID
                ? MemoryMarshal.Read<int>(control[SizeofCmsghdr..])
                : null;
    }

    /// <summary>Receives what is there, without waiting.</summary>
    /// <returns>How many datagrams; 0 when there is none.</returns>
    /// <exception cref="KernelException">ENOBUFS when some were lost since the last call.</exception>
    internal int Receive(SafeHandle socket)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        for (var i = 0; i < _used; i++)
        {
            // The kernel writes these two back.
            Headers[i].msg_namelen = (nuint)sizeof(Libc.SockaddrNl);
            Headers[i].msg_controllen = ControlSize;
        }

        while (true)
        {
            var received = Libc.recvmmsg(socket, Headers, Length, MSG_DONTWAIT, null);
            if (received >= 0)
            {
                return _used = received;
            }

            _used = Length;
            switch (Marshal.GetLastPInvokeError())
            {
                case ErrnoText.EINTR:
                    continue;
                case ErrnoText.EAGAIN:
                    return 0;
                case var errno:
                    throw new KernelException("recvmmsg(netlink)", errno);
            }
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        NativeMemory.Free((void*)handle);
        return true;
    }

    private byte* At(int offset) => (byte*)handle + offset;
}
