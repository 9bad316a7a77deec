namespace Agent.Kernel.Interop;

/// <summary>Sources: bits/socket.h, asm-generic/socket.h, fcntl.h.</summary>
internal static class SocketConstants
{
    internal const int AF_UNSPEC = 0;
    internal const int AF_INET = 2;
    internal const int AF_INET6 = 10;
    internal const int AF_NETLINK = 16;

    internal const int SOCK_RAW = 3;
    internal const int SOCK_CLOEXEC = 0x80000;

    internal const int SOL_SOCKET = 1;
    internal const int SO_RCVTIMEO = 20;

    internal const int MSG_TRUNC = 0x20;

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
