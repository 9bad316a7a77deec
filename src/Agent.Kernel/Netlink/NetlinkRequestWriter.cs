using System.Buffers.Binary;
using System.Runtime.InteropServices;
using static Agent.Kernel.Interop.NetlinkConstants;

namespace Agent.Kernel.Netlink;

/// <summary>
/// Writes one request into the caller's buffer. A buffer that is too small is a bug of the caller: <see cref="ArgumentException"/>.
/// </summary>
public ref struct NetlinkRequestWriter
{
    private readonly Span<byte> _buffer;
    private int _length;

    /// <summary>Writes the header (struct nlmsghdr).</summary>
    /// <param name="buffer">Where to write; starts at a multiple of 4 of the datagram.</param>
    /// <param name="type">nlmsg_type.</param>
    /// <param name="flags">nlmsg_flags; NLM_F_REQUEST is added.</param>
    /// <param name="sequence">nlmsg_seq, which the answers repeat.</param>
    public NetlinkRequestWriter(Span<byte> buffer, ushort type, ushort flags, uint sequence)
    {
        _buffer = buffer;
        var header = Append(NLMSG_HDRLEN);
        MemoryMarshal.Write(header[4..], type);
        MemoryMarshal.Write(header[6..], (ushort)(flags | NLM_F_REQUEST));
        MemoryMarshal.Write(header[8..], sequence);
    }

    /// <summary>Appends bytes as they are, padded to a multiple of 4: the fixed part of a request.</summary>
    public void WriteBytes(scoped ReadOnlySpan<byte> bytes) => bytes.CopyTo(Append(bytes.Length));

    /// <summary>Appends an attribute.</summary>
    public void WriteAttribute(ushort type, scoped ReadOnlySpan<byte> value)
    {
        var attribute = Append(NLA_HDRLEN + value.Length);
        MemoryMarshal.Write(attribute, (ushort)(NLA_HDRLEN + value.Length));
        MemoryMarshal.Write(attribute[2..], type);
        value.CopyTo(attribute[NLA_HDRLEN..]);
    }

    /// <summary>Appends an attribute of one byte.</summary>
    public void WriteAttribute(ushort type, byte value) => WriteAttribute(type, [value]);

    /// <summary>Appends an attribute of 16 bits, most significant byte first.</summary>
    public void WriteAttributeBigEndian(ushort type, ushort value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        WriteAttribute(type, bytes);
    }

    /// <summary>Begins an attribute that holds attributes.</summary>
    /// <returns>What <see cref="EndNested"/> wants.</returns>
    public int BeginNested(ushort type)
    {
        var start = _length;
        WriteAttribute((ushort)(type | NLA_F_NESTED), []);
        return start;
    }

    /// <summary>Ends the attribute that <see cref="BeginNested"/> began.</summary>
    public readonly void EndNested(int start) => MemoryMarshal.Write(_buffer[start..], (ushort)(_length - start));

    /// <summary>Completes the header.</summary>
    /// <returns>The request: a part of the buffer.</returns>
    public readonly Span<byte> Finish()
    {
        MemoryMarshal.Write(_buffer, (uint)_length);
        return _buffer[.._length];
    }

    private Span<byte> Append(int length)
    {
        var aligned = (length + NLMSG_ALIGNTO - 1) & ~(NLMSG_ALIGNTO - 1);
        if (aligned > _buffer.Length - _length)
        {
            throw new ArgumentException($"A netlink request of more than {_buffer.Length} bytes does not fit into its buffer.");
        }

        var appended = _buffer.Slice(_length, aligned);
        appended.Clear();
        _length += aligned;
        return appended[..length];
    }
}
