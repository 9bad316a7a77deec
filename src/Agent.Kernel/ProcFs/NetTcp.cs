using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;

namespace Agent.Kernel.ProcFs;

/// <summary>Reads lines of /proc/PID/net/tcp and tcp6. Sources: get_tcp4_sock, get_openreq4, get_timewait4_sock (net/ipv4/tcp_ipv4.c) and their IPv6 twins.</summary>
/// <remarks>
/// <c>sl: local remote st tx:rx tr:when retrnsmt uid timeout inode ...</c>; addresses are 32-bit words in the machine's byte order, printed as
/// numbers. A request socket or a mini-socket (TIME_WAIT, orphaned FIN_WAIT2) has fewer columns after the inode, so nothing there is used.
/// </remarks>
public static class NetTcp
{
    // tm->when counts in USER_HZ, which is 100 on every architecture that .NET runs on.
    private const ulong MillisecondsPerTick = 10;

    private const int IPv4Digits = 8;
    private const int IPv6Digits = 32;
    private const int PortDigits = 4;

    /// <summary>Reads one line.</summary>
    /// <param name="line">Without its end of line; the padding of IPv4 rows may be there or not.</param>
    /// <param name="isInet6">True for a line of tcp6.</param>
    /// <param name="socket">The socket; without ages, bytes or cgroup, which this file does not show.</param>
    /// <returns>False for the header and for anything that is no complete row.</returns>
    public static bool TryParseLine(ReadOnlySpan<byte> line, bool isInet6, out TcpSocket socket)
    {
        socket = default;
        var fields = new ProcFields(line);
        if (!fields.MoveNext() || !fields.Current.EndsWith(":"u8)
            || !TryReadEnd(ref fields, isInet6, out var local, out var localPort)
            || !TryReadEnd(ref fields, isInet6, out var remote, out var remotePort)
            || !fields.TryReadHex(out var state) || state is 0 or > (ulong)TcpState.NewSynRecv
            || !TryReadPair(ref fields, out var sendQueue, out var receiveQueue)
            || !TryReadPair(ref fields, out var timer, out var ticks) || timer > byte.MaxValue
            || !fields.Skip(1) // retrnsmt
            || !fields.TryReadUInt64(out var uid) || uid > uint.MaxValue
            || !fields.Skip(1) // timeout
            || !fields.TryReadUInt64(out var inode))
        {
            return false;
        }

        socket.Tuple = new(local, remote, localPort, remotePort);
        socket.State = (TcpState)state is TcpState.NewSynRecv ? TcpState.SynRecv : (TcpState)state;
        socket.SendQueue = Saturate(sendQueue);
        socket.ReceiveQueue = Saturate(receiveQueue);
        socket.Timer = (byte)timer;
        socket.ExpiresMilliseconds = timer == 0 ? 0 : Saturate(Saturate(ticks) * MillisecondsPerTick);
        socket.Uid = (uint)uid;
        socket.Inode = inode;
        socket.IsInet6 = isInet6;
        return true;
    }

    private static bool TryReadEnd(ref ProcFields fields, bool isInet6, out IpAddress address, out ushort port)
    {
        address = default;
        port = 0;
        var digits = isInet6 ? IPv6Digits : IPv4Digits;
        if (!fields.TryRead(out var field) || field.Length != digits + 1 + PortDigits || field[digits] != ':'
            || !ProcFields.TryParseHex(field[(digits + 1)..], out var portValue))
        {
            return false;
        }

        port = (ushort)portValue;
        Span<byte> bytes = stackalloc byte[IPv6Digits / 2];
        for (var i = 0; i < digits; i += IPv4Digits)
        {
            if (!ProcFields.TryParseHex(field.Slice(i, IPv4Digits), out var word))
            {
                return false;
            }

            // The word as it lies in memory is in network order, whatever the machine's byte order.
            BitConverter.TryWriteBytes(bytes[(i / 2)..], (uint)word);
        }

        return IpAddress.TryRead(bytes[..(digits / 2)], out address);
    }

    private static bool TryReadPair(ref ProcFields fields, out ulong first, out ulong second)
    {
        first = second = 0;
        return fields.TryRead(out var field)
            && field.IndexOf((byte)':') is >= 0 and var colon
            && ProcFields.TryParseHex(field[..colon], out first)
            && ProcFields.TryParseHex(field[(colon + 1)..], out second);
    }

    private static uint Saturate(ulong value) => (uint)Math.Min(value, uint.MaxValue);
}
