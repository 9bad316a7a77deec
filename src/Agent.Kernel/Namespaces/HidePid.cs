using System.Globalization;
using System.Text;
using Agent.Kernel.ProcFs;

namespace Agent.Kernel.Namespaces;

/// <summary>Whether a proc file system hides processes from the calling thread.</summary>
public static class HidePid
{
    private const int MaxMountInfoLength = 1 << 20;

    /// <summary>
    /// The hidepid option (proc(5)) of this proc file system, for example <c>2</c> or <c>invisible</c>, where it hides processes from the
    /// calling thread; null where there is none, and for a reader that sees everything all the same.
    /// </summary>
    /// <exception cref="KernelException">/proc/self/mountinfo may not be read.</exception>
    public static string? Read(string procRoot)
    {
        var buffer = new byte[16 * 1024];
        return ProcFile.TryReadAll("/proc/self/mountinfo", ref buffer, MaxMountInfoLength, out var length)
            && Parse(buffer.AsSpan(0, length), procRoot) is { } hidePid
            && !SeesAll(procRoot, hidePid)
                ? hidePid.Mode
                : null;
    }

    /// <summary>
    /// Whether the option spares the calling thread: it spares who may trace the process, and a group. Source: has_pid_permissions,
    /// fs/proc/base.c. Process 1 shows that the right counts here: in a user namespace it does not.
    /// </summary>
    private static bool SeesAll(string procRoot, HidePidOption option)
    {
        Span<byte> text = stackalloc byte[512];
        try
        {
            return ProcFile.TryRead($"{procRoot}/1/stat", text, out _)
                && (Privileges.Has(Capability.SysPtrace) || (!option.IsForTracersOnly && Privileges.IsInGroup(option.Group)));
        }
        catch (KernelException)
        {
            return false;
        }
    }

    /// <summary>Reads the option from the text of mountinfo, proc_pid_mountinfo(5).</summary>
    internal static HidePidOption? Parse(ReadOnlySpan<byte> mountInfo, string procRoot)
    {
        var mountPoint = Encoding.UTF8.GetBytes(procRoot.Length > 1 ? procRoot.TrimEnd('/') : procRoot);
        HidePidOption? hidePid = null;
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
                var mode = Option(options, "hidepid="u8);
                hidePid = mode is null or "0" or "off" ? null : new(mode, Group(Option(options, "gid="u8)));
            }
        }

        return hidePid;
    }

    // Not shown where it is the default, the group of root.
    private static uint Group(string? option) => uint.TryParse(option, CultureInfo.InvariantCulture, out var group) ? group : 0;

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

/// <summary>The hidepid option of a mounted proc file system.</summary>
/// <param name="Mode">As mountinfo shows it: <c>1</c>, <c>2</c>, <c>4</c>, <c>noaccess</c>, <c>invisible</c> or <c>ptraceable</c>.</param>
/// <param name="Group">The group whose members see everything (option <c>gid</c>; the group of root when not given).</param>
internal readonly record struct HidePidOption(string Mode, uint Group)
{
    /// <summary>True where the group counts for nothing.</summary>
    public bool IsForTracersOnly => Mode is "4" or "ptraceable";
}
