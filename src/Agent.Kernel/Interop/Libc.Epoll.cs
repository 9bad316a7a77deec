using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Agent.Kernel.Interop;

/// <summary>epoll_create1(2), epoll_ctl(2), epoll_wait(2), eventfd(2).</summary>
internal static unsafe partial class Libc
{
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int epoll_create1(int flags);

    /// <param name="set">What epoll_create1 gave.</param>
    /// <param name="operation">EPOLL_CTL_*.</param>
    /// <param name="file">What to wait for.</param>
    /// <param name="event">struct epoll_event, see <see cref="SocketConstants.SizeofEpollEvent"/>.</param>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int epoll_ctl(SafeFileHandle set, int operation, SafeHandle file, byte* @event);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int epoll_wait(SafeFileHandle set, byte* events, int length, int timeoutMilliseconds);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int eventfd(uint value, int flags);
}
