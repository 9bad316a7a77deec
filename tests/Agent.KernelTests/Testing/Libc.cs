using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Agent.KernelTests.Testing;

/// <summary>What the tests themselves ask of the system, on the calling thread.</summary>
internal static partial class Libc
{
    private const int CLONE_NEWNET = 0x40000000;

    /// <summary>setns(2); the thread must not be given back to the pool.</summary>
    internal static void EnterNetworkNamespace(string path)
    {
        using var file = File.OpenHandle(path);
        if (setns((int)file.DangerousGetHandle(), CLONE_NEWNET) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"setns({path})");
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setns(int descriptor, int type);
}
