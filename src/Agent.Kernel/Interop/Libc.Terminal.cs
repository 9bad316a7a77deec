using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Agent.Kernel.Interop;

/// <summary>ioctl(2) of terminals, poll(2).</summary>
internal static unsafe partial class Libc
{
    /// <summary>TIOCGWINSZ, include/uapi/asm-generic/ioctls.h: the size of a terminal's window.</summary>
    internal const nuint TIOCGWINSZ = 0x5413;

    /// <summary>POLLOUT, include/uapi/asm-generic/poll.h.</summary>
    internal const short POLLOUT = 0x0004;

    /// <summary>POLLERR, include/uapi/asm-generic/poll.h: of a pipe's write end, that nobody has its other end open.</summary>
    internal const short POLLERR = 0x0008;

    /// <summary>POLLHUP, include/uapi/asm-generic/poll.h.</summary>
    internal const short POLLHUP = 0x0010;

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int ioctl(SafeFileHandle file, nuint request, window_size* argument);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int poll(poll_file* files, nuint count, int timeoutMilliseconds);

    /// <summary>struct winsize, include/uapi/asm-generic/termios.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct window_size
    {
        internal ushort ws_row;
        internal ushort ws_col;
        internal ushort ws_xpixel;
        internal ushort ws_ypixel;
    }

    /// <summary>struct pollfd, include/uapi/asm-generic/poll.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct poll_file
    {
        internal int fd;
        internal short events;
        internal short revents;
    }
}
