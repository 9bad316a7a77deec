using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Agent.Kernel.Net;

/// <summary>
/// Parses addresses as the kernel prints them, without allocating: <c>%pI4</c>, <c>%pI6</c> (eight groups of four digits)
/// and <c>%pI6c</c> (compressed).
/// </summary>
internal static class IpAddressParser
{
    /// <summary>The length of 255.255.255.255.</summary>
    internal const int MaxIPv4Length = 15;

    /// <summary>How many bytes <see cref="TryParseIPv4"/> looks at: an address and what a load of four bytes may reach before it.</summary>
    internal const int IPv4Window = 20;

    private const int GroupCount = 8;
    private const int GroupLength = 5;
    private const int FullLength = (GroupCount * GroupLength) - 1;

    /// <summary>An address of either family that fills the whole text.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> text, out IpAddress address)
    {
        if (text.Length <= MaxIPv4Length)
        {
            Span<byte> window = stackalloc byte[IPv4Window];
            window.Clear();
            text.CopyTo(window[^text.Length..]);
            if (TryParseIPv4(window, text.Length, out address))
            {
                return true;
            }
        }

        return TryParseIPv6(text, out address);
    }

    /// <summary>A dotted IPv4 address at the end of a window, without a branch for the length of a part.</summary>
    /// <param name="window">Bytes of which the last are the address; <see cref="IPv4Window"/> of them.</param>
    /// <param name="length">The length of the address, at most <see cref="MaxIPv4Length"/>.</param>
    /// <param name="address">The address.</param>
    internal static bool TryParseIPv4(ReadOnlySpan<byte> window, int length, out IpAddress address)
    {
        const int Skipped = IPv4Window - 16;
        address = default;
        var dots = Vector128.Equals(Vector128.Create(window[Skipped..]), Vector128.Create((byte)'.')).ExtractMostSignificantBits();
        dots &= uint.MaxValue << (16 - length);
        if (BitOperations.PopCount(dots) != 3)
        {
            return false;
        }

        var first = BitOperations.TrailingZeroCount(dots) + Skipped;
        dots &= dots - 1;
        var second = BitOperations.TrailingZeroCount(dots) + Skipped;
        dots &= dots - 1;
        var third = BitOperations.TrailingZeroCount(dots) + Skipped;

        var isValid = true;
        var value = Part(window, IPv4Window - length, first, ref isValid) << 24
            | Part(window, first + 1, second, ref isValid) << 16
            | Part(window, second + 1, third, ref isValid) << 8
            | Part(window, third + 1, IPv4Window, ref isValid);
        address = IpAddress.FromIPv4(value);
        return isValid;
    }

    /// <summary>One to three digits before a position, from the four bytes that end there: the last digit is in the highest bits.</summary>
    private static uint Part(ReadOnlySpan<byte> window, int start, int end, ref bool isValid)
    {
        var length = end - start;
        var keep = (uint)(0xFFFF_FFFF_0000_0000 >> (8 * length));
        var digits = ((BinaryPrimitives.ReadUInt32LittleEndian(window[(end - 4)..]) & keep) | (0x30303030 & ~keep)) - 0x30303030;
        var value = (digits >> 24) + (10 * ((digits >> 16) & 0xFF)) + (100 * ((digits >> 8) & 0xFF));
        isValid &= length is >= 1 and <= 3 && ((digits | (digits + 0x76767676)) & 0x80808080) == 0 && value <= 255;
        return value;
    }

    /// <summary>An IPv6 address that fills the whole text.</summary>
    internal static bool TryParseIPv6(ReadOnlySpan<byte> text, out IpAddress address) =>
        (text.Length == FullLength && TryParseFull(text, out address))
        || TryParseCompressed(text, out address)
        || TryParseMapped(text, out address);

    /// <summary>A v4-mapped address with its dotted part, as <c>%pI6c</c> prints it.</summary>
    private static bool TryParseMapped(ReadOnlySpan<byte> text, out IpAddress address)
    {
        var prefix = "::ffff:"u8;
        address = default;
        return text.StartsWith(prefix)
            && text.Length - prefix.Length <= MaxIPv4Length
            && TryParse(text[prefix.Length..], out address)
            && address.IsIPv4;
    }

    /// <summary>Eight groups of four digits, the only form in /proc: all digits are decoded at once.</summary>
    private static bool TryParseFull(ReadOnlySpan<byte> text, out IpAddress address)
    {
        address = default;
        Span<byte> digits = stackalloc byte[GroupCount * sizeof(uint)];
        for (var group = 0; group < GroupCount; group++)
        {
            var start = group * GroupLength;
            MemoryMarshal.Write(digits[(group * sizeof(uint))..], MemoryMarshal.Read<uint>(text[start..]));
            if (group > 0 && text[start - 1] != ':')
            {
                return false;
            }
        }

        Span<byte> bytes = stackalloc byte[16];
        if (Convert.FromHexString(digits, bytes, out _, out _) != OperationStatus.Done)
        {
            return false;
        }

        address = new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));
        return true;
    }

    private static bool TryParseCompressed(ReadOnlySpan<byte> text, out IpAddress address)
    {
        address = default;
        Span<ushort> groups = stackalloc ushort[GroupCount];
        groups.Clear();
        var count = 0;
        var gap = -1;
        var position = 0;
        if (text.StartsWith("::"u8))
        {
            gap = 0;
            position = 2;
        }

        while (position < text.Length)
        {
            if (count == GroupCount || !TryReadGroup(text, ref position, out groups[count]))
            {
                return false;
            }

            count++;
            if (position == text.Length)
            {
                break;
            }

            if (text[position++] != ':' || position == text.Length)
            {
                return false;
            }

            if (text[position] == ':')
            {
                if (gap >= 0)
                {
                    return false;
                }

                gap = count;
                position++;
            }
        }

        if (gap < 0 ? count != GroupCount : count >= GroupCount)
        {
            return false;
        }

        if (gap >= 0)
        {
            // What follows the gap belongs at the end.
            var tail = groups[gap..count];
            tail.CopyTo(groups[^tail.Length..]);
            groups[gap..^tail.Length].Clear();
        }

        address = new(Join(groups), Join(groups[4..]));
        return true;
    }

    private static bool TryReadGroup(ReadOnlySpan<byte> text, scoped ref int position, out ushort group)
    {
        uint value = 0;
        var start = position;
        while (position < text.Length && position - start < 4 && char.IsAsciiHexDigit((char)text[position]))
        {
            value = (value << 4) | HexDigit(text[position]);
            position++;
        }

        group = (ushort)value;
        return position > start;
    }

    private static uint HexDigit(byte character) => (uint)(character <= '9' ? character - '0' : (character | 0x20) - 'a' + 10);

    private static ulong Join(ReadOnlySpan<ushort> groups) =>
        ((ulong)groups[0] << 48) | ((ulong)groups[1] << 32) | ((ulong)groups[2] << 16) | groups[3];
}
