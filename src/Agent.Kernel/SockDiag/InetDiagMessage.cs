using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Agent.Kernel.Net;
using Agent.Kernel.Netlink;
using static Agent.Kernel.Interop.SockDiagConstants;
using static Agent.Kernel.Interop.SocketConstants;

namespace Agent.Kernel.SockDiag;

/// <summary>
/// Decodes struct inet_diag_msg and the attributes behind it. Ports and addresses are in network order, the rest in the machine's.
/// </summary>
internal static class InetDiagMessage
{
    /// <summary>Decodes one message.</summary>
    /// <param name="payload">What follows the netlink header.</param>
    /// <param name="socket">The socket.</param>
    /// <returns>False when the bytes are no TCP socket.</returns>
    public static bool TryParse(ReadOnlySpan<byte> payload, out TcpSocket socket)
    {
        socket = default;
        if (payload.Length < SizeofInetDiagMsg || payload[0] is not (AF_INET or AF_INET6)
            || payload[MsgStateOffset] is 0 or > (byte)TcpState.NewSynRecv)
        {
            return false;
        }

        var isInet6 = payload[0] == AF_INET6;
        var addressLength = isInet6 ? 16 : 4;
        if (!IpAddress.TryRead(payload.Slice(MsgSrcOffset, addressLength), out var local)
            || !IpAddress.TryRead(payload.Slice(MsgDstOffset, addressLength), out var remote))
        {
            return false;
        }

        var state = (TcpState)payload[MsgStateOffset];
        socket.Tuple = new(
            local,
            remote,
            BinaryPrimitives.ReadUInt16BigEndian(payload[MsgSportOffset..]),
            BinaryPrimitives.ReadUInt16BigEndian(payload[MsgDportOffset..]));
        socket.IsInet6 = isInet6;
        socket.State = state == TcpState.NewSynRecv ? TcpState.SynRecv : state;
        socket.Timer = payload[MsgTimerOffset];
        socket.ExpiresMilliseconds = MemoryMarshal.Read<uint>(payload[MsgExpiresOffset..]);
        socket.ReceiveQueue = MemoryMarshal.Read<uint>(payload[MsgRqueueOffset..]);
        socket.SendQueue = MemoryMarshal.Read<uint>(payload[MsgWqueueOffset..]);
        socket.Uid = MemoryMarshal.Read<uint>(payload[MsgUidOffset..]);
        socket.Inode = MemoryMarshal.Read<uint>(payload[MsgInodeOffset..]);
        return ReadAttributes(payload[SizeofInetDiagMsg..], ref socket);
    }

    private static bool ReadAttributes(ReadOnlySpan<byte> bytes, ref TcpSocket socket)
    {
        var attributes = new NetlinkAttributeReader(bytes);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case INET_DIAG_INFO:
                    ReadTcpInfo(attributes.Value, ref socket);
                    break;
                case INET_DIAG_CGROUP_ID when attributes.Value.Length == sizeof(ulong):
                    socket.CgroupId = MemoryMarshal.Read<ulong>(attributes.Value);
                    socket.Present |= TcpSocketFields.CgroupId;
                    break;
            }
        }

        return !attributes.IsMalformed;
    }

    /// <summary>
    /// struct tcp_info grows with every few kernels: only what the attribute is long enough for is there. A listener's ages are all zero.
    /// </summary>
    private static void ReadTcpInfo(ReadOnlySpan<byte> info, ref TcpSocket socket)
    {
        if (info.Length >= TcpiLastAckRecvOffset + sizeof(uint) && socket.State != TcpState.Listen)
        {
            socket.LastDataSentMilliseconds = MemoryMarshal.Read<uint>(info[TcpiLastDataSentOffset..]);
            socket.LastDataReceivedMilliseconds = MemoryMarshal.Read<uint>(info[TcpiLastDataRecvOffset..]);
            socket.LastAckReceivedMilliseconds = MemoryMarshal.Read<uint>(info[TcpiLastAckRecvOffset..]);
            socket.Present |= TcpSocketFields.Ages;
        }

        if (info.Length >= TcpiBytesSentOffset + sizeof(ulong))
        {
            socket.BytesReceived = MemoryMarshal.Read<ulong>(info[TcpiBytesReceivedOffset..]);
            socket.BytesSent = MemoryMarshal.Read<ulong>(info[TcpiBytesSentOffset..]);
            socket.Present |= TcpSocketFields.Bytes;
        }
    }
}
