using System.Runtime.CompilerServices;
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
    private ReadOnlySpan<byte> _message;

    /// <summary>Starts before the first message of a datagram.</summary>
    public NetlinkMessageReader(ReadOnlySpan<byte> datagram) => _rest = datagram;

    /// <summary>nlmsg_type.</summary>
    public readonly ushort Type => MemoryMarshal.Read<ushort>(_message[4..]);

    /// <summary>nlmsg_flags.</summary>
    public readonly ushort Flags => MemoryMarshal.Read<ushort>(_message[6..]);

    /// <summary>nlmsg_seq.</summary>
    public readonly uint Sequence => MemoryMarshal.Read<uint>(_message[8..]);

    /// <summary>nlmsg_pid.</summary>
    public readonly uint PortId => MemoryMarshal.Read<uint>(_message[12..]);

    /// <summary>What follows the header, without padding.</summary>
    public readonly ReadOnlySpan<byte> Payload => _message[NLMSG_HDRLEN..];

    /// <summary>True when the walk ended at bytes that are no message.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Goes to the next message, whose members may then be read.</summary>
    /// <returns>False at the end, or at bytes that are no message.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)] // A dump's loop then keeps the reader in registers.
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

        _message = _rest[..(int)length];

        // The last message may come without its padding.
        var aligned = ((int)length + NLMSG_ALIGNTO - 1) & ~(NLMSG_ALIGNTO - 1);
        _rest = aligned < _rest.Length ? _rest[aligned..] : default;
        return true;
    }
}
