using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static Agent.Kernel.Interop.NetlinkConstants;

namespace Agent.Kernel.Netlink;

/// <summary>
/// Walks the attributes of a message, or those nested in an attribute. Whatever the bytes, it stays inside its span and
/// ends: an attribute whose length cannot be right sets <see cref="IsMalformed"/> and stops the walk.
/// </summary>
/// <remarks>The header is struct nlattr in host byte order; attributes start at multiples of 4 (include/uapi/linux/netlink.h).</remarks>
public ref struct NetlinkAttributeReader
{
    private ReadOnlySpan<byte> _rest;

    /// <summary>Starts before the first attribute.</summary>
    public NetlinkAttributeReader(ReadOnlySpan<byte> attributes) => _rest = attributes;

    /// <summary>nla_type without the two flag bits.</summary>
    public ushort Type { get; private set; }

    /// <summary>What follows the header, without padding.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>True when the walk ended at bytes that are no attribute.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Goes to the next attribute.</summary>
    /// <returns>False at the end, or at bytes that are no attribute.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)] // Called seven times an entry: the reader then lives in registers.
    public bool MoveNext()
    {
        var rest = _rest;
        if (rest.Length < NLA_HDRLEN)
        {
            IsMalformed |= !rest.IsEmpty;
            _rest = default;
            return false;
        }

        var header = MemoryMarshal.Read<uint>(rest);
        int length = BitConverter.IsLittleEndian ? (ushort)header : (int)(header >> 16);
        if (length < NLA_HDRLEN || length > rest.Length)
        {
            IsMalformed = true;
            _rest = default;
            return false;
        }

        Type = (ushort)((BitConverter.IsLittleEndian ? header >> 16 : header) & NLA_TYPE_MASK);
        Value = rest[NLA_HDRLEN..length];

        // The last attribute may come without its padding.
        var aligned = (length + NLMSG_ALIGNTO - 1) & ~(NLMSG_ALIGNTO - 1);
        _rest = aligned < rest.Length ? rest[aligned..] : default;
        return true;
    }

    /// <summary>The value as one byte.</summary>
    /// <returns>False when it has another length.</returns>
    public readonly bool TryGetByte(out byte value)
    {
        var fits = Value.Length == 1;
        value = fits ? Value[0] : (byte)0;
        return fits;
    }

    /// <summary>The value as a 16-bit number, most significant byte first.</summary>
    /// <returns>False when it has another length.</returns>
    public readonly bool TryGetUInt16BigEndian(out ushort value)
    {
        var fits = Value.Length == sizeof(ushort);
        value = fits ? BinaryPrimitives.ReadUInt16BigEndian(Value) : (ushort)0;
        return fits;
    }

    /// <summary>The value as a 32-bit number, most significant byte first.</summary>
    /// <returns>False when it has another length.</returns>
    public readonly bool TryGetUInt32BigEndian(out uint value)
    {
        var fits = Value.Length == sizeof(uint);
        value = fits ? BinaryPrimitives.ReadUInt32BigEndian(Value) : 0;
        return fits;
    }

    /// <summary>The value as a 64-bit number, most significant byte first.</summary>
    /// <returns>False when it has another length.</returns>
    public readonly bool TryGetUInt64BigEndian(out ulong value)
    {
        var fits = Value.Length == sizeof(ulong);
        value = fits ? BinaryPrimitives.ReadUInt64BigEndian(Value) : 0;
        return fits;
    }
}
