using System.Globalization;
using Agent.Kernel.ProcFs;

namespace Agent.Kernel.Namespaces;

/// <summary>The capabilities of the calling thread, capabilities(7), and what a refusal means given them.</summary>
public static class Privileges
{
    private const int MaxStatusLength = 1 << 20;

    /// <summary>True when the calling thread has a capability in its effective set.</summary>
    public static bool Has(Capability capability)
    {
        Span<byte> text = stackalloc byte[4096];
        return ProcFile.TryRead("/proc/thread-self/status", text, out var length)
            && TryParseEffective(text[..length], out var effective)
            && (effective & (1UL << (int)capability)) != 0;
    }

    /// <summary>True when the calling thread belongs to a group, by its file-system group or one of the others.</summary>
    public static bool IsInGroup(uint group)
    {
        // Up to 65,536 groups (getgroups(2)).
        var buffer = new byte[4096];
        return ProcFile.TryReadAll("/proc/thread-self/status", ref buffer, MaxStatusLength, out var length)
            && IsInGroup(buffer.AsSpan(0, length), group);
    }

    /// <summary>Reads Gid and Groups of proc_pid_status(5).</summary>
    internal static bool IsInGroup(ReadOnlySpan<byte> status, uint group)
    {
        var lines = new ProcLines(status);
        while (lines.MoveNext())
        {
            var fields = new ProcFields(lines.Current);
            var isList = fields.TryRead(out var name) && name.SequenceEqual("Groups:"u8);
            // Gid: real, effective, saved, file system.
            if (!isList && (!name.SequenceEqual("Gid:"u8) || !fields.Skip(3)))
            {
                continue;
            }

            while (fields.MoveNext())
            {
                if (ProcFields.TryParse(fields.Current, out ulong member) && member == group)
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Reads CapEff of proc_pid_status(5).</summary>
    internal static bool TryParseEffective(ReadOnlySpan<byte> status, out ulong effective)
    {
        effective = 0;
        var lines = new ProcLines(status);
        while (lines.MoveNext())
        {
            if (lines.Current.StartsWith("CapEff:"u8))
            {
                return ulong.TryParse(
                    lines.Current["CapEff:".Length..].Trim("\t "u8),
                    NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture,
                    out effective);
            }
        }

        return false;
    }

    /// <summary>What to do about a refusal: give the capability, or, where it is there, look at the security module.</summary>
    /// <returns>Null when the error number is no refusal.</returns>
    internal static Denial? WhyDenied(int errno, Capability capability) =>
        errno is ErrnoText.EPERM or ErrnoText.EACCES
            ? new(capability, Has(capability)) { IsInUserNamespace = UserNamespace.IsOwn() }
            : null;
}
