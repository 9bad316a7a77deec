using System.Runtime.InteropServices;
using Agent.Kernel.Interop;
using static Agent.Kernel.Interop.SocketConstants;

namespace Agent.Kernel.Ends;

/// <summary>What the calling thread has cost.</summary>
public static unsafe class ThreadTime
{
    /// <summary>
    /// CPU time of the calling thread since it began, in its own code and in the kernel's (CLOCK_THREAD_CPUTIME_ID, clock_gettime(2)).
    /// </summary>
    /// <exception cref="KernelException">A seccomp filter forbids it.</exception>
    public static TimeSpan Read()
    {
        Libc.Timespec time;
        return Libc.clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0
            ? new(((long)time.tv_sec * TimeSpan.TicksPerSecond) + ((long)time.tv_nsec / TimeSpan.NanosecondsPerTick))
            : throw new KernelException("clock_gettime(CLOCK_THREAD_CPUTIME_ID)", Marshal.GetLastPInvokeError());
    }
}
