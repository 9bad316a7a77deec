using System.Runtime.InteropServices;
using static Agent.Kernel.Interop.NetlinkConstants;

namespace Agent.Kernel.Netlink;

/// <summary>
/// Walks the messages of one datagram. Whatever the bytes, it stays inside its span and ends: a header whose length cannot
/// be right sets <see cref="IsMalformed"/> and stops the walk.
/// </summary>
/// <remarks>The header is struct nlmsghdr in host byte order; messages start at multiples of 4 (include/uapi/linux/netlink.h).</remarks>
public ref struct NetlinkMessageReader
{
    private ReadOnlySpan<byte> _rest;

    /// <summary>Starts before the first message of a datagram.</summary>
    public NetlinkMessageReader(ReadOnlySpan<byte> datagram) => _rest = datagram;

    /// <summary>nlmsg_type.</summary>
    public ushort Type { get; private set; }

    /// <summary>nlmsg_flags.</summary>
    public ushort Flags { get; private set; }

    /// <summary>nlmsg_seq.</summary>
    public uint Sequence { get; private set; }

    /// <summary>nlmsg_pid.</summary>
    public uint PortId { get; private set; }

    /// <summary>What follows the header, without padding.</summary>
    public ReadOnlySpan<byte> Payload { get; private set; }

    /// <summary>True when the walk ended at bytes that are no message.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Goes to the next message.</summary>
    /// <returns>False at the end, or at bytes that are no message.</returns>
    public bool MoveNext()
    {
        if (_rest.Length < NLMSG_HDRLEN)
        {
            IsMalformed |= !_rest.IsEmpty;
            _rest = default;
            return false;
        }

        var length = MemoryMarshal.Read<uint>(_rest);
        if (length < NLMSG_HDRLEN || length > (uint)_rest.Length)
        {
            IsMalformed = true;
            _rest = default;
            return false;
        }

        Type = MemoryMarshal.Read<ushort>(_rest[4..]);
        Flags = MemoryMarshal.Read<ushort>(_rest[6..]);
        Sequence = MemoryMarshal.Read<uint>(_rest[8..]);
        PortId = MemoryMarshal.Read<uint>(_rest[12..]);
        Payload = _rest[NLMSG_HDRLEN..(int)length];

        // The last message may come without its padding.
        var aligned = ((int)length + NLMSG_ALIGNTO - 1) & ~(NLMSG_ALIGNTO - 1);
        _rest = aligned < _rest.Length ? _rest[aligned..] : default;
        return true;
    }
}
