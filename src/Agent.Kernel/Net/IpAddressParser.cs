using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Agent.Kernel.Net;

/// <summary>Parses IPv6 addresses as the kernel prints them, without allocating: <c>%pI6</c> (eight groups of four digits) and <c>%pI6c</c> (compressed).</summary>
internal static class IpAddressParser
{
    private const int GroupCount = 8;
    private const int GroupLength = 5;
    private const int FullLength = (GroupCount * GroupLength) - 1;

    /// <summary>An address that fills the whole text.</summary>
    internal static bool TryParseIPv6(ReadOnlySpan<byte> text, out IpAddress address) =>
        (text.Length == FullLength && TryParseFull(text, out address)) || TryParseCompressed(text, out address);

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
