using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Agent.KernelTests.Testing;

/// <summary>What the tests themselves ask of the system, on the calling thread.</summary>
internal static unsafe partial class Libc
{
    /// <summary>signal(7).</summary>
    internal const int SIGSTOP = 19;

    internal const int SIGCONT = 18;

    private const int CLONE_NEWNET = 0x40000000;
    private const int MNT_DETACH = 2;
    private const int SIOCSIFFLAGS = 0x8914;
    private const short IFF_UP = 1;
    private const uint LinuxCapabilityVersion3 = 0x20080522;

    /// <summary>setns(2); the thread must not be given back to the pool.</summary>
    internal static void EnterNetworkNamespace(string path)
    {
        using var file = File.OpenHandle(path);
        if (setns((int)file.DangerousGetHandle(), CLONE_NEWNET) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"setns({path})");
        }
    }

    /// <summary>netdevice(7): the loopback interface of the calling thread's network namespace.</summary>
    internal static void SetLoopbackUp()
    {
        // struct ifreq: char ifr_name[16], short ifr_flags, in a union of 24 bytes.
        var request = stackalloc byte[40];
        "lo\0"u8.CopyTo(new Span<byte>(request, 16));
        *(short*)(request + 16) = IFF_UP;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        if (ioctl((int)socket.Handle, SIOCSIFFLAGS, request) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), "ioctl(SIOCSIFFLAGS)");
        }
    }

    /// <summary>umount2(2), also of what is still in use.</summary>
    internal static void Unmount(string path)
    {
        if (umount2(path, MNT_DETACH) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"umount2({path})");
        }
    }

    /// <summary>
    /// capset(2): leaves the calling thread, and those that it starts, some capabilities. The thread must not be given back to the pool.
    /// </summary>
    /// <param name="keep">Bits <c>1 &lt;&lt; CAP_*</c> of those to keep.</param>
    internal static void KeepCapabilities(ulong keep)
    {
        // struct __user_cap_header_struct: version, pid (0: this thread); __user_cap_data_struct twice: effective, permitted, inheritable.
        var header = stackalloc uint[2] { LinuxCapabilityVersion3, 0 };
        var data = stackalloc uint[6] { (uint)keep, (uint)keep, 0, (uint)(keep >> 32), (uint)(keep >> 32), 0 };
        if (capset(header, data) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), "capset");
        }
    }

    /// <summary>kill(2).</summary>
    internal static void Kill(int process, int signal)
    {
        if (kill(process, signal) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"kill({process}, {signal})");
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int process, int signal);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setns(int descriptor, int type);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int descriptor, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int umount2(string target, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int capset(uint* header, uint* data);
}
