using System.Runtime.InteropServices;

namespace Agent.Kernel.Interop;

/// <summary>Sources: bits/socket.h, asm-generic/socket.h, fcntl.h, sys/epoll.h, sys/eventfd.h, linux/sock_diag.h, linux/time.h.</summary>
internal static class SocketConstants
{
    internal const int AF_UNSPEC = 0;
    internal const int AF_INET = 2;
    internal const int AF_INET6 = 10;
    internal const int AF_NETLINK = 16;

    internal const int SOCK_RAW = 3;
    internal const int SOCK_CLOEXEC = 0x80000;

    internal const int SOL_SOCKET = 1;
    internal const int SO_RCVBUF = 8;
    internal const int SO_RCVTIMEO = 20;
    internal const int SO_RCVBUFFORCE = 33;
    internal const int SO_MEMINFO = 55;

    // What SO_MEMINFO gives: u32 each.
    internal const int SK_MEMINFO_RCVBUF = 1;
    internal const int SK_MEMINFO_DROPS = 8;
    internal const int SK_MEMINFO_VARS = 9;

    internal const int MSG_CTRUNC = 0x08;
    internal const int MSG_TRUNC = 0x20;
    internal const int MSG_DONTWAIT = 0x40;

    // struct cmsghdr: size_t len, int level, int type.
    internal const int SizeofCmsghdr = 16;
    internal const int CmsgLevelOffset = 8;
    internal const int CmsgTypeOffset = 12;

    internal const int EPOLL_CTL_ADD = 1;
    internal const int EPOLL_CTL_DEL = 2;
    internal const uint EPOLLIN = 1;
    internal const int EPOLL_CLOEXEC = 0x80000;
    internal const int EFD_NONBLOCK = 0x800;
    internal const int EFD_CLOEXEC = 0x80000;

    // struct epoll_event: u32 events, u64 data; packed on x86-64 only.
    internal static readonly int SizeofEpollEvent = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    internal static readonly int EpollDataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;

    internal const int CLOCK_THREAD_CPUTIME_ID = 3;

    internal const int O_RDONLY = 0;
    internal const int O_WRONLY = 1;
    internal const int O_CLOEXEC = 0x80000;

    internal const byte IPPROTO_ICMP = 1;
    internal const byte IPPROTO_TCP = 6;
    internal const byte IPPROTO_UDP = 17;
    internal const byte IPPROTO_DCCP = 33;
    internal const byte IPPROTO_GRE = 47;
    internal const byte IPPROTO_ICMPV6 = 58;
    internal const byte IPPROTO_SCTP = 132;
    internal const byte IPPROTO_UDPLITE = 136;
}
