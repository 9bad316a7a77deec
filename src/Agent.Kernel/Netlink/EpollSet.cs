using System.Runtime.InteropServices;
using Agent.Kernel.Interop;
using Microsoft.Win32.SafeHandles;
using static Agent.Kernel.Interop.SocketConstants;

namespace Agent.Kernel.Netlink;

/// <summary>
/// Descriptors to wait for at once (epoll(7)), each with a number of the caller's. One thread waits; others may add, remove and wake.
/// </summary>
internal sealed unsafe class EpollSet : IDisposable
{
    private const int MaxEvents = 64;
    private const ulong WakeToken = ulong.MaxValue;

    private readonly SafeFileHandle _set;
    private readonly SafeFileHandle _wake;

    /// <summary>Makes an empty set.</summary>
    /// <exception cref="KernelException">EMFILE: too many open files.</exception>
    public EpollSet()
    {
        _set = Checked(Libc.epoll_create1(EPOLL_CLOEXEC), "epoll_create1()");
        try
        {
            _wake = Checked(Libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd()");
        }
        catch
        {
            _set.Dispose();
            throw;
        }

        Add(_wake, WakeToken);
    }

    /// <summary>Waits for a descriptor, too.</summary>
    /// <param name="file">Readable is what is waited for, for as long as it is.</param>
    /// <param name="token">What <see cref="Wait"/> gives for it.</param>
    /// <exception cref="KernelException">ENOSPC: /proc/sys/fs/epoll/max_user_watches is reached.</exception>
    public void Add(SafeHandle file, ulong token)
    {
        var bytes = stackalloc byte[SizeofEpollEvent];
        *(uint*)bytes = EPOLLIN;
        *(ulong*)(bytes + EpollDataOffset) = token;
        if (Libc.epoll_ctl(_set, EPOLL_CTL_ADD, file, bytes) < 0)
        {
            throw new KernelException("epoll_ctl(EPOLL_CTL_ADD)", Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Waits for a descriptor no more. Call it before the descriptor is closed.</summary>
    public void Remove(SafeHandle file)
    {
        var unused = stackalloc byte[SizeofEpollEvent];
        _ = Libc.epoll_ctl(_set, EPOLL_CTL_DEL, file, unused);
    }

    /// <summary>Ends a wait under way, or the next one.</summary>
    public void Wake()
    {
        ulong one = 1;
        _ = Libc.write(_wake, (byte*)&one, sizeof(ulong));
    }

    /// <summary>Waits until a descriptor is readable, <see cref="Wake"/> was called, or the time is over.</summary>
    /// <param name="tokens">Receives the numbers of the readable ones.</param>
    /// <param name="timeoutMilliseconds">0 does not wait, -1 waits for ever.</param>
    /// <returns>How many.</returns>
    public int Wait(Span<ulong> tokens, int timeoutMilliseconds)
    {
        var events = stackalloc byte[MaxEvents * SizeofEpollEvent];
        // An interrupted wait (EINTR) is one that found nothing.
        var ready = Math.Max(0, Libc.epoll_wait(_set, events, Math.Min(tokens.Length, MaxEvents), timeoutMilliseconds));
        var count = 0;
        for (var i = 0; i < ready; i++)
        {
            var token = *(ulong*)(events + (i * SizeofEpollEvent) + EpollDataOffset);
            if (token == WakeToken)
            {
                ulong value;
                _ = Libc.read(_wake, (byte*)&value, sizeof(ulong));
            }
            else
            {
                tokens[count++] = token;
            }
        }

        return count;
    }

    public void Dispose()
    {
        _wake.Dispose();
        _set.Dispose();
    }

    private static SafeFileHandle Checked(int descriptor, string operation) =>
        descriptor >= 0 ? new(descriptor, ownsHandle: true) : throw new KernelException(operation, Marshal.GetLastPInvokeError());
}
