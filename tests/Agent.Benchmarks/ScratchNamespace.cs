using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Agent.Benchmarks;

/// <summary>A network namespace that the calling thread, and what it starts, is in until this is disposed of.</summary>
internal sealed partial class ScratchNamespace : IDisposable
{
    private const int CLONE_NEWNET = 0x40000000;

    private readonly SafeFileHandle _previous;

    private ScratchNamespace(SafeFileHandle previous) => _previous = previous;

    /// <summary>Makes a namespace, nameless so that it ends with its last process, and enters it.</summary>
    public static ScratchNamespace Enter()
    {
        var previous = File.OpenHandle("/proc/thread-self/ns/net");
        if (unshare(CLONE_NEWNET) == 0)
        {
            return new(previous);
        }

        previous.Dispose();
        throw new Win32Exception(Marshal.GetLastPInvokeError(), "unshare(CLONE_NEWNET)");
    }

    /// <summary>Enters a namespace that there is.</summary>
    /// <param name="file">An open /proc/PID/ns/net.</param>
    public static ScratchNamespace Enter(SafeFileHandle file)
    {
        var previous = File.OpenHandle("/proc/thread-self/ns/net");
        if (setns((int)file.DangerousGetHandle(), CLONE_NEWNET) == 0)
        {
            return new(previous);
        }

        previous.Dispose();
        throw new Win32Exception(Marshal.GetLastPInvokeError(), "setns(CLONE_NEWNET)");
    }

    public void Dispose()
    {
        _ = setns((int)_previous.DangerousGetHandle(), CLONE_NEWNET);
        _previous.Dispose();
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unshare(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setns(int descriptor, int type);
}
