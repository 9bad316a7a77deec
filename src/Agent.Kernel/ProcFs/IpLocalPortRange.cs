namespace Agent.Kernel.ProcFs;

/// <summary>
/// /proc/sys/net/ipv4/ip_local_port_range, IPv4 and IPv6 alike: which ports a socket gets that asks for none. It is that of the calling
/// thread's network namespace (Documentation/networking/ip-sysctl.rst).
/// </summary>
public static class IpLocalPortRange
{
    private const string FileName = "sys/net/ipv4/ip_local_port_range";
    private const int MaxLength = 64;

    /// <summary>Reads it.</summary>
    /// <param name="procRoot">Where proc is mounted, or the root of a captured tree.</param>
    /// <returns>The lowest and the highest port; null when it cannot be read or is no range of ports.</returns>
    public static (ushort First, ushort Last)? Read(string procRoot)
    {
        Span<byte> text = stackalloc byte[MaxLength];
        try
        {
            return ProcFile.TryRead(Path.Combine(procRoot, FileName), text, out var length) ? Parse(text[..length]) : null;
        }
        catch (KernelException)
        {
            // A sandbox may hide it; what is judged by it then stays unjudged.
            return null;
        }
    }

    /// <summary>Two decimal numbers, a tabulator between them and a line feed after them.</summary>
    internal static (ushort First, ushort Last)? Parse(ReadOnlySpan<byte> text)
    {
        var fields = new ProcFields(text);
        return fields.MoveNext() && ProcFields.TryParse(fields.Current, out long first)
            && fields.MoveNext() && ProcFields.TryParse(fields.Current, out long last)
            && !fields.MoveNext()
            && first is > 0 and <= ushort.MaxValue && last >= first && last <= ushort.MaxValue
                ? ((ushort)first, (ushort)last)
                : null;
    }
}
