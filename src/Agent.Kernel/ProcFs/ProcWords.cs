using System.Buffers.Binary;
using Agent.Kernel.Net;

namespace Agent.Kernel.ProcFs;

/// <summary>
/// Goes through the words of a line, separated by spaces, and reads their values in place: each byte is looked at once,
/// which is what makes it worth having beside <see cref="ProcFields"/> where a line is one of hundreds of thousands.
/// </summary>
/// <remarks>A value counts only when the word ends with it. After anything, <see cref="MoveNext"/> goes on with the next word.</remarks>
internal ref struct ProcWords
{
    private readonly ReadOnlySpan<byte> _line;
    private int _position;

    /// <summary>Starts before the first word of a line.</summary>
    internal ProcWords(ReadOnlySpan<byte> line)
    {
        _line = line;
        _position = -1;
    }

    /// <summary>What is left of the word: all of it before anything was read from it.</summary>
    internal readonly ReadOnlySpan<byte> Current
    {
        get
        {
            var rest = _line[_position..];
            var end = rest.IndexOf((byte)' ');
            return end < 0 ? rest : rest[..end];
        }
    }

    /// <summary>The next four bytes, the first one in the lowest bits (see <see cref="Key"/>); 0 when the line has fewer.</summary>
    internal readonly uint Head =>
        _line.Length - _position >= sizeof(uint) ? BinaryPrimitives.ReadUInt32LittleEndian(_line[_position..]) : 0;

    /// <summary>The first byte of the word.</summary>
    internal readonly byte First => _line[_position];

    /// <summary>Four characters as <see cref="Head"/> shows them.</summary>
    internal static uint Key(ReadOnlySpan<byte> characters) => BinaryPrimitives.ReadUInt32LittleEndian(characters);

    /// <summary>Goes to the next word.</summary>
    /// <returns>False at the end of the line.</returns>
    internal bool MoveNext()
    {
        var line = _line;
        var position = _position;
        if (position < 0)
        {
            position = 0;
        }
        else
        {
            while ((uint)position < (uint)line.Length && line[position] != ' ')
            {
                position++;
            }
        }

        while ((uint)position < (uint)line.Length && line[position] == ' ')
        {
            position++;
        }

        _position = position;
        return position < line.Length;
    }

    /// <summary>Passes over a part of the word, when it goes on with that.</summary>
    internal bool TrySkip(ReadOnlySpan<byte> part)
    {
        if (!_line[_position..].StartsWith(part))
        {
            return false;
        }

        _position += part.Length;
        return true;
    }

    /// <summary>The rest of the word as a decimal number up to a limit.</summary>
    internal bool TryReadNumber(ulong limit, out ulong value)
    {
        var line = _line;
        var start = _position;
        var position = start;
        value = 0;
        var overflows = false;
        for (; (uint)position < (uint)line.Length; position++)
        {
            var digit = (uint)(line[position] - '0');
            if (digit > 9)
            {
                break;
            }

            overflows |= value > (ulong.MaxValue - digit) / 10;
            value = (value * 10) + digit;
        }

        _position = position;
        return position > start && !overflows && value <= limit && IsEnd(position);
    }

    /// <summary>The rest of the word as a decimal number of 16 bits; the destination keeps its value otherwise.</summary>
    internal bool TryReadUInt16(ref ushort destination)
    {
        if (!TryReadNumber(ushort.MaxValue, out var value))
        {
            return false;
        }

        destination = (ushort)value;
        return true;
    }

    /// <summary>The rest of the word as an address in the kernel's notation.</summary>
    internal bool TryReadAddress(out IpAddress address)
    {
        var line = _line;
        var position = _position;
        uint result = 0;
        for (var parts = 0; ; parts++)
        {
            uint part = 0;
            var start = position;
            for (; (uint)position < (uint)line.Length && position - start < 3; position++)
            {
                var digit = (uint)(line[position] - '0');
                if (digit > 9)
                {
                    break;
                }

                part = (part * 10) + digit;
            }

            if (position == start || part > 255)
            {
                break;
            }

            result = (result << 8) | part;
            if (parts == 3)
            {
                _position = position;
                address = IpAddress.FromIPv4(result);
                return IsEnd(position);
            }

            if ((uint)position >= (uint)line.Length || line[position] != '.')
            {
                break;
            }

            position++;
        }

        return IpAddressParser.TryParseIPv6(Current, out address);
    }

    private readonly bool IsEnd(int position) => (uint)position >= (uint)_line.Length || _line[position] == ' ';
}
