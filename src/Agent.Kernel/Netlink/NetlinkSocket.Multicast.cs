using Agent.Kernel.Interop;
using static Agent.Kernel.Interop.NetlinkConstants;
using static Agent.Kernel.Interop.SocketConstants;

namespace Agent.Kernel.Netlink;

/// <summary>What a socket needs that listens to groups instead of asking.</summary>
public sealed unsafe partial class NetlinkSocket
{
    /// <summary>Joins a group (NETLINK_ADD_MEMBERSHIP): from now on the kernel sends what it has to say to it.</summary>
    /// <exception cref="KernelException">EINVAL: this kernel has no such group. EPERM: it is for the privileged.</exception>
    public void Join(int group) => SetOption(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group, "NETLINK_ADD_MEMBERSHIP");

    /// <summary>Leaves a group. What it has sent before stays to be received.</summary>
    /// <exception cref="KernelException">The kernel refused it.</exception>
    public void Leave(int group) => SetOption(SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, group, "NETLINK_DROP_MEMBERSHIP");

    /// <summary>Hears the groups of every network namespace that has a number (nsid) in this socket's (Linux 4.2).</summary>
    /// <exception cref="KernelException">EPERM: CAP_NET_BROADCAST is missing. ENOPROTOOPT: the kernel is too old.</exception>
    public void ListenToAllNamespaces() => SetOption(SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, 1, "NETLINK_LISTEN_ALL_NSID");

    /// <summary>
    /// An overrun then ends when there is room again, and <see cref="TryReadDrops"/> tells how much it cost. Otherwise it is an ENOBUFS,
    /// and everything is lost until the socket has been read empty.
    /// </summary>
    /// <exception cref="KernelException">The kernel refused it.</exception>
    public void SurviveOverruns() => SetOption(SOL_NETLINK, NETLINK_NO_ENOBUFS, 1, "NETLINK_NO_ENOBUFS");

    /// <summary>
    /// Asks for room for datagrams that were not received yet: beyond net.core.rmem_max with CAP_NET_ADMIN, up to it without.
    /// </summary>
    /// <returns>The bytes that were granted; the kernel counts about 1 KiB for a short datagram.</returns>
    public int GrowReceiveBuffer(int bytes)
    {
        if (Libc.setsockopt(this, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(int)) < 0)
        {
            _ = Libc.setsockopt(this, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(int));
        }

        var granted = 0;
        var length = (uint)sizeof(int);
        return Libc.getsockopt(this, SOL_SOCKET, SO_RCVBUF, &granted, &length) == 0 ? granted : 0;
    }

    /// <summary>How many datagrams this socket has lost since it was opened, for want of room (SO_MEMINFO, Linux 4.12).</summary>
    /// <returns>False when the kernel does not tell.</returns>
    public bool TryReadDrops(out uint drops)
    {
        var values = stackalloc uint[SK_MEMINFO_VARS];
        var length = (uint)(SK_MEMINFO_VARS * sizeof(uint));
        var told = Libc.getsockopt(this, SOL_SOCKET, SO_MEMINFO, values, &length) == 0 && length > SK_MEMINFO_DROPS * sizeof(uint);
        drops = told ? values[SK_MEMINFO_DROPS] : 0;
        return told;
    }

    /// <summary>Receives what is there, without waiting.</summary>
    /// <returns>How many datagrams the batch holds.</returns>
    /// <exception cref="KernelException">ENOBUFS when some were lost since the last call.</exception>
    public int ReceiveMany(NetlinkBatch batch) => batch.Receive(this);

    private void SetOption(int level, int name, int value, string operation)
    {
        if (Libc.setsockopt(this, level, name, &value, sizeof(int)) < 0)
        {
            throw Failed($"setsockopt({operation})");
        }
    }
}
