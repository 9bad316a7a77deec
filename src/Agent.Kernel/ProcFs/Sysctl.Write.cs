using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Agent.Kernel.Interop;
using Microsoft.Win32.SafeHandles;
using static Agent.Kernel.Interop.SocketConstants;

namespace Agent.Kernel.ProcFs;

public static partial class Sysctl
{
    /// <summary>
    /// Writes one file below /proc/sys/net/netfilter of the calling thread's network namespace. Needs uid 0 there and a
    /// writable mount, but no capability. The kernel takes a value as a whole or not at all.
    /// </summary>
    /// <param name="procRoot">Where proc is mounted: <c>PROCROOT/sys</c> must be on a proc file system.</param>
    /// <param name="name">For example <c>nf_conntrack_tcp_timeout_close_wait</c>.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="KernelException">
    /// EROFS, EACCES or EPERM: not writable here. EINVAL: the kernel does not take this value. ENOENT: this kernel does not
    /// have it, or no proc file system is mounted there.
    /// </exception>
    /// <exception cref="ArgumentException">The name is none of nf_conntrack's.</exception>
    public static unsafe void WriteNetfilter(string procRoot, string name, long value)
    {
        if (!NetfilterName().IsMatch(name))
        {
            throw new ArgumentException("Not a setting of nf_conntrack.", nameof(name));
        }

        var sysctls = Path.Combine(procRoot, "sys");
        if (!ProcMount.IsLive(sysctls))
        {
            throw new KernelException($"write({name})", ErrnoText.ENOENT, $"{sysctls} is not a proc file system");
        }

        var path = Path.Combine(sysctls, "net/netfilter", name);
        using var file = OpenForWriting(path);
        var text = Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture) + "\n");
        fixed (byte* bytes = text)
        {
            if (Libc.write(file, bytes, (nuint)text.Length) < 0)
            {
                throw new KernelException($"write({path})", Marshal.GetLastPInvokeError());
            }
        }
    }

    private static unsafe SafeFileHandle OpenForWriting(string path)
    {
        fixed (byte* bytes = Encoding.UTF8.GetBytes(path + "\0"))
        {
            var descriptor = Libc.open(bytes, O_WRONLY | O_CLOEXEC);
            return descriptor >= 0
                ? new(descriptor, ownsHandle: true)
                : throw new KernelException($"open({path})", Marshal.GetLastPInvokeError());
        }
    }

    [GeneratedRegex(@"\Anf_conntrack_[a-z0-9_]+\z")]
    private static partial Regex NetfilterName();
}
