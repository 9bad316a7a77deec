using System.Buffers.Binary;
using System.Net;
using System.Runtime.CompilerServices;

namespace Agent.Kernel.Net;

/// <summary>
/// An IPv4 or IPv6 address in 16 bytes. IPv4 is kept as v4-mapped IPv6 (RFC 4291, 2.5.5.2), so that a socket bound to
/// <c>[::]</c>, which the kernel shows as <c>::ffff:a.b.c.d</c>, equals the IPv4 address that conntrack shows.
/// </summary>
public readonly struct IpAddress : IEquatable<IpAddress>
{
    private const ulong MappedPrefix = 0x0000_FFFF_0000_0000;

    private readonly ulong _high;
    private readonly ulong _low;

    /// <summary>Creates an address from its two halves, most significant bits first.</summary>
    public IpAddress(ulong high, ulong low)
    {
        _high = high;
        _low = low;
    }

    /// <summary>The first 8 bytes as a number, most significant byte first.</summary>
    public ulong High => _high;

    /// <summary>The last 8 bytes as a number, most significant byte first.</summary>
    public ulong Low => _low;

    /// <summary>True for IPv4, mapped or not.</summary>
    public bool IsIPv4 => _high == 0 && (_low & 0xFFFF_FFFF_0000_0000) == MappedPrefix;

    /// <summary>True for <c>0.0.0.0</c>, <c>::</c> and the default value.</summary>
    public bool IsUnspecified => _high == 0 && _low is 0 or MappedPrefix;

    /// <summary>True for 127.0.0.0/8 and <c>::1</c>.</summary>
    public bool IsLoopback => IsIPv4 ? (byte)(_low >> 24) == 127 : _high == 0 && _low == 1;

    /// <summary>True for fe80::/10 and 169.254.0.0/16.</summary>
    public bool IsLinkLocal => IsIPv4 ? (_low & 0xFFFF_0000) == 0xA9FE_0000 : (_high & 0xFFC0_0000_0000_0000) == 0xFE80_0000_0000_0000;

    /// <summary>
    /// True for what no NAT at the edge of a private network translates: private (RFC 1918, RFC 6598, RFC 4193), loopback, link-local,
    /// unspecified and multicast addresses.
    /// </summary>
    public bool IsPrivate => IsUnspecified || IsLoopback || IsLinkLocal || (IsIPv4
        ? (byte)(_low >> 24) is 10 or 0 or >= 224
            || (_low & 0xFFF0_0000) == 0xAC10_0000 || (_low & 0xFFFF_0000) == 0xC0A8_0000 || (_low & 0xFFC0_0000) == 0x6440_0000
        : (byte)(_high >> 56) is 0xFC or 0xFD or 0xFF);

    /// <summary>An IPv4 address from its number, most significant byte first (<c>0x7F000001</c> is 127.0.0.1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IpAddress FromIPv4(uint bigEndianValue) => new(0, MappedPrefix | bigEndianValue);

    /// <summary>An address from 4 or 16 bytes in network order.</summary>
    /// <returns>False for any other length.</returns>
    public static bool TryRead(ReadOnlySpan<byte> networkOrder, out IpAddress address)
    {
        switch (networkOrder.Length)
        {
            case 4:
                address = FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(networkOrder));
                return true;
            case 16:
                address = new(BinaryPrimitives.ReadUInt64BigEndian(networkOrder), BinaryPrimitives.ReadUInt64BigEndian(networkOrder[8..]));
                return true;
            default:
                address = default;
                return false;
        }
    }

    /// <summary>An address from text in any usual form.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out IpAddress address)
    {
        address = default;
        if (!IPAddress.TryParse(text, out var parsed))
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[16];
        return parsed.TryWriteBytes(bytes, out var written) && TryRead(bytes[..written], out address);
    }

    /// <summary>Writes the address in network order: 4 bytes for IPv4, 16 otherwise.</summary>
    /// <param name="destination">At least 16 bytes.</param>
    /// <returns>The number of bytes written.</returns>
    public int Write(Span<byte> destination)
    {
        if (IsIPv4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)_low);
            return 4;
        }

        BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _low);
        return 16;
    }

    /// <inheritdoc/>
    public bool Equals(IpAddress other) => ((_low ^ other._low) | (_high ^ other._high)) == 0;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is IpAddress other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_high, _low);

    /// <summary>Dotted IPv4, or compressed IPv6 (RFC 5952).</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[16];
        return new IPAddress(bytes[..Write(bytes)]).ToString();
    }

    /// <summary>The address and a port as in a URL: IPv6 in brackets.</summary>
    public string ToString(ushort port) => IsIPv4 ? $"{this}:{port}" : $"[{this}]:{port}";

    /// <summary>Equality by value.</summary>
    public static bool operator ==(IpAddress left, IpAddress right) => left.Equals(right);

    /// <summary>Inequality by value.</summary>
    public static bool operator !=(IpAddress left, IpAddress right) => !left.Equals(right);
}
