using System.Runtime.InteropServices;

namespace Agent.Kernel.Interop;

/// <summary>socket(2), bind(2), getsockname(2), setsockopt(2), getsockopt(2), send(2), recv(2), recvmmsg(2), netlink(7).</summary>
internal static unsafe partial class Libc
{
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int bind(SafeHandle socket, SockaddrNl* address, uint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int getsockname(SafeHandle socket, SockaddrNl* address, uint* length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int setsockopt(SafeHandle socket, int level, int name, void* value, uint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int getsockopt(SafeHandle socket, int level, int name, void* value, uint* length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint send(SafeHandle socket, byte* buffer, nuint length, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint recvfrom(
        SafeHandle socket, byte* buffer, nuint length, int flags, SockaddrNl* sender, uint* senderLength);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int recvmmsg(SafeHandle socket, Mmsghdr* messages, uint length, int flags, void* timeout);

    /// <summary>struct sockaddr_nl, include/uapi/linux/netlink.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct SockaddrNl
    {
        internal ushort nl_family;
        internal ushort nl_pad;
        internal uint nl_pid;
        internal uint nl_groups;
    }

    /// <summary>struct timeval with 64-bit members, as on every 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Timeval
    {
        internal nint tv_sec;
        internal nint tv_usec;
    }
    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Iovec
    {
        internal byte* iov_base;
        internal nuint iov_len;
    }

    /// <summary>
    /// struct mmsghdr with its struct msghdr. musl declares some lengths with 32 bits and padding behind: the same where the low half comes
    /// first, as on every machine that .NET runs on.
    /// </summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Mmsghdr
    {
        internal SockaddrNl* msg_name;
        internal nuint msg_namelen;
        internal Iovec* msg_iov;
        internal nuint msg_iovlen;
        internal byte* msg_control;
        internal nuint msg_controllen;
        internal nint msg_flags;
        internal nuint msg_len;
    }
}
