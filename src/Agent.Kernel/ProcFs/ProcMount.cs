using System.Text;
using static Agent.Kernel.Interop.DirectoryConstants;

namespace Agent.Kernel.ProcFs;

/// <summary>What kind of directory stands in for /proc.</summary>
public static class ProcMount
{
    private const int MaxMountInfoLength = 1 << 20;

    /// <summary>True for a mounted proc file system; false for a captured tree, whose files are plain ones.</summary>
    /// <exception cref="KernelException">There is no such directory, or it may not be read.</exception>
    public static bool IsLive(string procRoot)
    {
        using var directory = DirectoryHandle.Open(procRoot);
        return directory.IsOn(PROC_SUPER_MAGIC);
    }

    /// <summary>
    /// The hidepid option (proc(5)) that this proc file system is mounted with, for example <c>2</c> or <c>invisible</c>; null without one.
    /// </summary>
    /// <exception cref="KernelException">/proc/self/mountinfo may not be read.</exception>
    public static string? HidePid(string procRoot)
    {
        var buffer = new byte[16 * 1024];
        return ProcFile.TryReadAll("/proc/self/mountinfo", ref buffer, MaxMountInfoLength, out var length)
            ? HidePid(buffer.AsSpan(0, length), procRoot)
            : null;
    }

    /// <summary>Reads the option from the text of mountinfo, proc_pid_mountinfo(5).</summary>
    internal static string? HidePid(ReadOnlySpan<byte> mountInfo, string procRoot)
    {
        var mountPoint = Encoding.UTF8.GetBytes(procRoot.Length > 1 ? procRoot.TrimEnd('/') : procRoot);
        string? hidePid = null;
        var lines = new ProcLines(mountInfo);
        while (lines.MoveNext())
        {
            // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
            var fields = new ProcFields(lines.Current);
            if (!fields.Skip(4) || !fields.TryRead(out var point) || !point.SequenceEqual(mountPoint))
            {
                continue;
            }

            var separator = fields.Rest.IndexOf(" - "u8);
            var type = new ProcFields(separator < 0 ? default : fields.Rest[(separator + 3)..]);
            if (type.TryRead(out var name) && name.SequenceEqual("proc"u8) && type.Skip(1) && type.TryRead(out var options))
            {
                // A later line hides an earlier one at the same place.
                hidePid = Option(options, "hidepid="u8);
            }
        }

        return hidePid is "0" or "off" ? null : hidePid;
    }

    private static string? Option(ReadOnlySpan<byte> options, ReadOnlySpan<byte> name)
    {
        foreach (var range in options.Split((byte)','))
        {
            if (options[range].StartsWith(name))
            {
                return Encoding.UTF8.GetString(options[range][name.Length..]);
            }
        }

        return null;
    }
}
