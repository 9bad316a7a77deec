using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Agent.Kernel.Net;
using Agent.Kernel.Netlink;
using static Agent.Kernel.Interop.SockDiagConstants;
using static Agent.Kernel.Interop.SocketConstants;

namespace Agent.Kernel.SockDiag;

/// <summary>
/// Walks the ends of connections in one datagram of the groups SKNLGRP_INET_TCP_DESTROY and SKNLGRP_INET6_TCP_DESTROY. Whatever the bytes,
/// it stays inside its span, ends and does not throw; it allocates nothing.
/// </summary>
/// <remarks>
/// One message: struct nlmsghdr, struct inet_diag_msg, INET_DIAG_PROTOCOL, INET_DIAG_INFO
/// (inet_diag_handler_get_info, net/ipv4/inet_diag.c).
/// </remarks>
public ref struct ConnectionEndReader
{
    private const ConnectionEndFields UpToBytesAcked = ConnectionEndFields.Ages | ConnectionEndFields.BytesAcked;

    private readonly int _namespaceId;
    private NetlinkMessageReader _messages;
    private ConnectionEnd _current;
    private bool _wasRefused;

    /// <summary>Starts before the first end of a datagram.</summary>
    /// <param name="datagram">What one receive gave.</param>
    /// <param name="namespaceId">Whose it is, see <see cref="ConnectionEnd.NamespaceId"/>.</param>
    public ConnectionEndReader(ReadOnlySpan<byte> datagram, int namespaceId)
    {
        _messages = new(datagram);
        _namespaceId = namespaceId;
        _current = default;
    }

    /// <summary>The end that <see cref="MoveNext"/> went to.</summary>
    [UnscopedRef]
    public readonly ref readonly ConnectionEnd Current => ref _current;

    /// <summary>Sockets passed over because they never were a connection: listeners, and connects that were refused or given up.</summary>
    public int NeverConnected { get; private set; }

    /// <summary>Messages passed over because they are no TCP socket, and datagrams that end amid a message.</summary>
    public int Malformed { get; private set; }

    /// <summary>Goes to the next end.</summary>
    /// <returns>False at the end of the datagram.</returns>
    public bool MoveNext()
    {
        while (_messages.MoveNext())
        {
            if (_messages.Type != SOCK_DIAG_BY_FAMILY)
            {
                continue;
            }

            var payload = _messages.Payload;
            if (!TryParse(payload, _namespaceId, out _current, out _wasRefused))
            {
                Malformed++;
            }
            else if (_current.Tuple.DestinationPort == 0 || _wasRefused)
            {
                NeverConnected++;
            }
            else
            {
                return true;
            }
        }

        Malformed += _messages.IsMalformed ? 1 : 0;
        return false;
    }

    /// <summary>
    /// Decodes struct inet_diag_msg and what follows it. Ports and addresses are in network order, the rest in the machine's.
    /// </summary>
    /// <returns>False when the bytes are no TCP socket.</returns>
    private static bool TryParse(ReadOnlySpan<byte> payload, int namespaceId, out ConnectionEnd end, out bool wasRefused)
    {
        end = default;
        wasRefused = false;
        if (payload.Length < SizeofInetDiagMsg || payload[0] is not (AF_INET or AF_INET6)
            || !TryReadAttributes(payload[SizeofInetDiagMsg..], out var info, out var shutdown))
        {
            return false;
        }

        var addressLength = payload[0] == AF_INET6 ? 16 : 4;
        _ = IpAddress.TryRead(payload.Slice(MsgSrcOffset, addressLength), out var local);
        _ = IpAddress.TryRead(payload.Slice(MsgDstOffset, addressLength), out var remote);
        var fields = CutToWholeGroups(ref info);
        end = new()
        {
            Tuple = new(
                local,
                remote,
                BinaryPrimitives.ReadUInt16BigEndian(payload[MsgSportOffset..]),
                BinaryPrimitives.ReadUInt16BigEndian(payload[MsgDportOffset..])),
            NamespaceId = namespaceId,
            Cookie = MemoryMarshal.Read<ulong>(payload[MsgCookieOffset..]),
            ReceiveQueueBytes = MemoryMarshal.Read<uint>(payload[MsgRqueueOffset..]),
            SendQueueBytes = MemoryMarshal.Read<uint>(payload[MsgWqueueOffset..]),
            LastDataSentMilliseconds = UInt32(info, TcpiLastDataSentOffset),
            LastAckSentMilliseconds = UInt32(info, TcpiLastAckSentOffset),
            LastDataReceivedMilliseconds = UInt32(info, TcpiLastDataRecvOffset),
            LastAckReceivedMilliseconds = UInt32(info, TcpiLastAckRecvOffset),
            BytesAcked = UInt64(info, TcpiBytesAckedOffset),
            BytesReceived = UInt64(info, TcpiBytesReceivedOffset),
            BytesSent = UInt64(info, TcpiBytesSentOffset),
            BytesRetransmitted = UInt64(info, TcpiBytesRetransOffset),
            DataSegmentsOut = UInt32(info, TcpiDataSegsOutOffset),
            DataSegmentsIn = UInt32(info, TcpiDataSegsInOffset),
            Retransmits = info.IsEmpty ? (byte)0 : info[TcpiRetransmitsOffset],
            Probes = info.IsEmpty ? (byte)0 : info[TcpiProbesOffset],
            Shutdown = shutdown ?? 0,
            Present = shutdown is null ? fields : fields | ConnectionEndFields.Shutdown,
        };
        wasRefused = WasRefused(end, info);
        return true;
    }

    /// <summary>
    /// A blocking connect that fails forgets its remote port, a non-blocking one (nginx, HAProxy, curl) does not. Its SYN was never
    /// acknowledged, and no round trip was ever measured (tcp_ack_update_rtt). One that gave up after retransmissions is an end.
    /// </summary>
    private static bool WasRefused(in ConnectionEnd end, ReadOnlySpan<byte> info) =>
        end.Has(ConnectionEndFields.BytesAcked)
        && end is { BytesAcked: 0, BytesReceived: 0, BytesSent: 0, SendQueueBytes: 1, ReceiveQueueBytes: 0, Retransmits: 0 }
        && UInt32(info, TcpiRttOffset) == 0;

    /// <returns>False when the attributes are none, or the socket's protocol is not TCP.</returns>
    private static bool TryReadAttributes(ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> info, out byte? shutdown)
    {
        info = default;
        shutdown = null;
        var isTcp = true;
        var attributes = new NetlinkAttributeReader(bytes);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case INET_DIAG_INFO:
                    info = attributes.Value;
                    break;
                case INET_DIAG_PROTOCOL:
                    isTcp = attributes.TryGetByte(out var protocol) && protocol == IPPROTO_TCP;
                    break;
                case INET_DIAG_SHUTDOWN when attributes.TryGetByte(out var mask):
                    shutdown = mask;
                    break;
            }
        }

        return isTcp && !attributes.IsMalformed;
    }

    /// <summary>
    /// Only the groups of members that the attribute is long enough for were told; the rest is cut off, so that it reads as 0.
    /// </summary>
    private static ConnectionEndFields CutToWholeGroups(ref ReadOnlySpan<byte> info)
    {
        (int Length, ConnectionEndFields Fields) whole = info.Length switch
        {
            >= TcpiBytesRetransOffset + sizeof(ulong) => (info.Length, UpToBytesAcked | ConnectionEndFields.BytesSent),
            >= TcpiBytesReceivedOffset + sizeof(ulong) => (TcpiBytesReceivedOffset + sizeof(ulong), UpToBytesAcked),
            >= TcpiLastAckRecvOffset + sizeof(uint) => (TcpiLastAckRecvOffset + sizeof(uint), ConnectionEndFields.Ages),
            _ => (0, ConnectionEndFields.None),
        };
        info = info[..whole.Length];
        return whole.Fields;
    }

    private static uint UInt32(ReadOnlySpan<byte> info, int offset) =>
        info.Length >= offset + sizeof(uint) ? MemoryMarshal.Read<uint>(info[offset..]) : 0;

    private static ulong UInt64(ReadOnlySpan<byte> info, int offset) =>
        info.Length >= offset + sizeof(ulong) ? MemoryMarshal.Read<ulong>(info[offset..]) : 0;
}
