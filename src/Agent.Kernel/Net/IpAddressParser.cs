namespace Agent.Kernel.Net;

/// <summary>Parses addresses as the kernel prints them, without allocating: <c>%pI4</c>, <c>%pI6</c> (eight groups of four digits) and <c>%pI6c</c> (compressed).</summary>
internal static class IpAddressParser
{
    private const int GroupCount = 8;

    /// <summary>An address that fills the whole text.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> text, out IpAddress address)
    {
        // IPv4 has its first dot among the first four characters.
        var head = text[..Math.Min(text.Length, 4)];
        return head.Contains((byte)'.') ? TryParseIPv4(text, out address) : TryParseIPv6(text, out address);
    }

    private static bool TryParseIPv4(ReadOnlySpan<byte> text, out IpAddress address)
    {
        address = default;
        uint value = 0;
        uint part = 0;
        var digits = 0;
        var dots = 0;
        foreach (var character in text)
        {
            var digit = (uint)(character - '0');
            if (digit <= 9 && digits < 3)
            {
                part = (part * 10) + digit;
                digits++;
            }
            else if (character == '.' && digits > 0 && part <= 255 && dots < 3)
            {
                value = (value << 8) | part;
                part = 0;
                digits = 0;
                dots++;
            }
            else
            {
                return false;
            }
        }

        if (dots != 3 || digits == 0 || part > 255)
        {
            return false;
        }

        address = IpAddress.FromIPv4((value << 8) | part);
        return true;
    }

    private static bool TryParseIPv6(ReadOnlySpan<byte> text, out IpAddress address)
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
        while (position < text.Length && position - start < 4)
        {
            var digit = HexDigit(text[position]);
            if (digit < 0)
            {
                break;
            }

            value = (value << 4) | (uint)digit;
            position++;
        }

        group = (ushort)value;
        return position > start;
    }

    private static int HexDigit(byte character) => character switch
    {
        >= (byte)'0' and <= (byte)'9' => character - '0',
        >= (byte)'a' and <= (byte)'f' => character - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => character - 'A' + 10,
        _ => -1,
    };

    private static ulong Join(ReadOnlySpan<ushort> groups) =>
        ((ulong)groups[0] << 48) | ((ulong)groups[1] << 32) | ((ulong)groups[2] << 16) | groups[3];
}
