using System.Globalization;
using Agent.Kernel.ProcFs;

namespace Agent.Kernel.Namespaces;

/// <summary>The capabilities of the calling thread, capabilities(7), and what a refusal means given them.</summary>
public static class Privileges
{
    /// <summary>True when the calling thread has a capability in its effective set.</summary>
    public static bool Has(Capability capability)
    {
        Span<byte> text = stackalloc byte[4096];
        return ProcFile.TryRead("/proc/thread-self/status", text, out var length)
            && TryParseEffective(text[..length], out var effective)
            && (effective & (1UL << (int)capability)) != 0;
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
        errno is ErrnoText.EPERM or ErrnoText.EACCES ? new(capability, Has(capability)) : null;
}

/// <summary>The capabilities in use, by their numbers in include/uapi/linux/capability.h.</summary>
public enum Capability
{
    /// <summary>CAP_NET_ADMIN: conntrack over netlink.</summary>
    NetAdmin = 12,

    /// <summary>CAP_SYS_PTRACE: the namespace links and descriptors of other users' processes.</summary>
    SysPtrace = 19,

    /// <summary>CAP_SYS_ADMIN: entering namespaces.</summary>
    SysAdmin = 21,
}
