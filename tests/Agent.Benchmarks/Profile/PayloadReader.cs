using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Agent.Benchmarks.Profile;

/// <summary>The fields of an event, one after the other, without gaps.</summary>
internal ref struct PayloadReader(ReadOnlySpan<byte> payload)
{
    private ReadOnlySpan<byte> _rest = payload;

    /// <summary>Reads UTF-16 up to a NUL.</summary>
    public static string ReadText(ReadOnlySpan<byte> bytes)
    {
        var text = MemoryMarshal.Cast<byte, char>(bytes);
        return new(text[..text.IndexOf('\0')]);
    }

    public byte Byte() => Take(sizeof(byte))[0];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    public ulong[] UInt64s(uint count) => MemoryMarshal.Cast<byte, ulong>(Take(checked((int)count * sizeof(ulong)))).ToArray();

    public string Text()
    {
        var text = ReadText(_rest);
        Take(sizeof(char) * (text.Length + 1));
        return text;
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        var taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }
}
