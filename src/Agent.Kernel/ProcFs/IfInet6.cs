using Agent.Kernel.Net;

namespace Agent.Kernel.ProcFs;

/// <summary>
/// Reads the IPv6 addresses of a namespace from /proc/PID/net/if_inet6, which needs no privilege.
/// Source: if6_seq_show (net/ipv6/addrconf.c).
/// </summary>
/// <remarks><c>ADDRESS ifindex plen scope flags name</c>, all hexadecimal but the name. The file is absent where IPv6 is off.</remarks>
public static class IfInet6
{
    private const uint ScopeGlobal = 0x00; // IPV6_ADDR_SCOPE_GLOBAL; unique local addresses (fc00::/7) have it too
    private const uint DuplicateFound = 0x08; // IFA_F_DADFAILED: somebody else has this address

    /// <summary>Adds each global address once.</summary>
    /// <param name="text">The file.</param>
    /// <param name="addresses">Is added to.</param>
    public static void Parse(ReadOnlySpan<byte> text, LocalAddresses addresses)
    {
        var lines = new ProcLines(text);
        while (lines.MoveNext())
        {
            if (TryParseLine(lines.Current, out var address))
            {
                addresses.Add(address);
            }
        }
    }

    private static bool TryParseLine(ReadOnlySpan<byte> line, out IpAddress address)
    {
        address = default;
        var fields = new ProcFields(line);
        if (!fields.TryRead(out var digits) || digits.Length != 32
            || !ProcFields.TryParseHex(digits[..16], out var high)
            || !ProcFields.TryParseHex(digits[16..], out var low)
            || !fields.Skip(2) // ifindex, length of the prefix
            || !fields.TryReadHex(out var scope) || scope != ScopeGlobal
            || !fields.TryReadHex(out var flags) || (flags & DuplicateFound) != 0)
        {
            return false;
        }

        address = new(high, low);
        return !address.IsLoopback && !address.IsUnspecified;
    }
}
