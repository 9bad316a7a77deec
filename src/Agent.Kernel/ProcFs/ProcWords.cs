using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.Intrinsics;
using Agent.Kernel.Net;

namespace Agent.Kernel.ProcFs;

/// <summary>
/// Goes through the words of a line, separated by spaces, and reads their values in place. It does what
/// <see cref="ProcFields"/> does, for tables of hundreds of thousands of lines: the ends of words come from a bit mask of 64
/// characters, and numbers are decoded whole, so that their lengths, which no processor can predict, cost no branch.
/// </summary>
/// <remarks>A value counts only when it is all that is left of the word.</remarks>
internal ref struct ProcWords
{
    private const int BlockLength = 64;
    private const int HalfBlock = BlockLength / 2;

    private readonly ReadOnlySpan<byte> _line;
    private int _position;
    private int _end;

    // Bit i: _line[_block + i] is a space.
    private ulong _spaces;
    private int _block;

    /// <summary>Starts before the first word of a line.</summary>
    internal ProcWords(ReadOnlySpan<byte> line)
    {
        _line = line;
        _block = -BlockLength;
    }

    /// <summary>What is left of the word: all of it before anything was passed over.</summary>
    internal readonly ReadOnlySpan<byte> Current => _line[_position.._end];

    /// <summary>The next four bytes of the line, the first one in the lowest bits (see <see cref="Key"/>); 0 when it has fewer.</summary>
    internal readonly uint Head =>
        _line.Length - _position >= sizeof(uint) ? BinaryPrimitives.ReadUInt32LittleEndian(_line[_position..]) : 0;

    /// <summary>The first byte of what is left of the word.</summary>
    internal readonly byte First => _line[_position];

    /// <summary>Four characters as <see cref="Head"/> shows them.</summary>
    internal static uint Key(ReadOnlySpan<byte> characters) => BinaryPrimitives.ReadUInt32LittleEndian(characters);

    /// <summary>Goes to the next word.</summary>
    /// <returns>False at the end of the line.</returns>
    internal bool MoveNext()
    {
        var position = _end;
        while ((uint)position < (uint)_line.Length && _line[position] == ' ')
        {
            position++;
        }

        _position = position;
        _end = NextSpace(position);
        return position < _line.Length;
    }

    /// <summary>Passes over a part of the word, when it goes on with that.</summary>
    internal bool TrySkip(ReadOnlySpan<byte> part)
    {
        if (!Current.StartsWith(part))
        {
            return false;
        }

        _position += part.Length;
        return true;
    }

    /// <summary>What is left of the word as a decimal number up to a limit.</summary>
    internal readonly bool TryReadNumber(ulong limit, out ulong value)
    {
        var length = _end - _position;
        if (length is 0 or > sizeof(ulong) || _end < sizeof(ulong))
        {
            return ProcFields.TryParse(Current, out value) && value <= limit;
        }

        // Eight characters that end with the word, the last one in the highest bits; what is not the word's becomes '0'.
        var foreign = (sizeof(ulong) - length) * 8;
        var keep = ulong.MaxValue << foreign;
        var digits = (BinaryPrimitives.ReadUInt64LittleEndian(_line[(_end - sizeof(ulong))..]) & keep) | (0x3030303030303030 & ~keep);
        var isNumber = ((digits & 0xF0F0F0F0F0F0F0F0) | (((digits + 0x0606060606060606) & 0xF0F0F0F0F0F0F0F0) >> 4)) == 0x3333333333333333;

        // Pairs, then fours, then all eight: the neighbours are ten, a hundred and ten thousand apart.
        digits = ((digits & 0x0F0F0F0F0F0F0F0F) * 2561) >> 8;
        digits = ((digits & 0x00FF00FF00FF00FF) * 6553601) >> 16;
        value = ((digits & 0x0000FFFF0000FFFF) * 42949672960001) >> 32;
        return isNumber && value <= limit;
    }

    /// <summary>What is left of the word as a decimal number of 16 bits; the destination keeps its value otherwise.</summary>
    internal readonly bool TryReadUInt16(ref ushort destination)
    {
        if (!TryReadNumber(ushort.MaxValue, out var value))
        {
            return false;
        }

        destination = (ushort)value;
        return true;
    }

    /// <summary>What is left of the word as an address in the kernel's notation.</summary>
    internal readonly bool TryReadAddress(out IpAddress address)
    {
        var length = _end - _position;
        if (length > IpAddressParser.MaxIPv4Length)
        {
            return IpAddressParser.TryParseIPv6(Current, out address);
        }

        return _end >= IpAddressParser.IPv4Window
            ? IpAddressParser.TryParseIPv4(_line.Slice(_end - IpAddressParser.IPv4Window, IpAddressParser.IPv4Window), length, out address)
                || IpAddressParser.TryParseIPv6(Current, out address)
            : IpAddressParser.TryParse(Current, out address);
    }

    /// <summary>The first space at or after a position; the end of the line when there is none.</summary>
    private int NextSpace(int position)
    {
        while (position < _line.Length)
        {
            if (position - _block >= BlockLength)
            {
                LoadBlock(position);
            }

            var spaces = _spaces >> (position - _block);
            if (spaces != 0)
            {
                return position + BitOperations.TrailingZeroCount(spaces);
            }

            position = _block + BlockLength;
        }

        return _line.Length;
    }

    private void LoadBlock(int position)
    {
        _block = position;
        var block = _line[position..];
        if (block.Length >= BlockLength)
        {
            _spaces = Spaces(block);
        }
        else if (_line.Length >= BlockLength)
        {
            // The last 64 characters, of which the first were seen before.
            _spaces = Spaces(_line[^BlockLength..]) >> (BlockLength - block.Length);
        }
        else
        {
            _spaces = 0;
            for (var index = 0; index < block.Length; index++)
            {
                _spaces |= block[index] == ' ' ? 1UL << index : 0;
            }
        }
    }

    private static ulong Spaces(ReadOnlySpan<byte> block)
    {
        var space = Vector256.Create((byte)' ');
        ulong low = Vector256.Equals(Vector256.Create(block), space).ExtractMostSignificantBits();
        ulong high = Vector256.Equals(Vector256.Create(block[HalfBlock..]), space).ExtractMostSignificantBits();
        return low | (high << HalfBlock);
    }
}
