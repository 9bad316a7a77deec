using Agent.Kernel.Net;
using Agent.Kernel.Netlink;
using Agent.Kernel.SockDiag;
using Microsoft.Win32.SafeHandles;

namespace Agent.Kernel.ProcFs;

/// <summary>
/// Reads lines of /proc/PID/net/tcp and tcp6. Sources: get_tcp4_sock, get_openreq4,
/// get_timewait4_sock (net/ipv4/tcp_ipv4.c) and their IPv6 twins.
/// </summary>
/// <remarks>
/// <c>sl: local remote st tx:rx tr:when retrnsmt uid timeout inode ...</c>; addresses are 32-bit words in the machine's byte order, printed
/// as numbers. A listener's row has the accept queue but not its limit (<see cref="TcpSocket.SendQueue"/> is 0). A request socket or a
/// mini-socket (TIME_WAIT, orphaned FIN_WAIT2) has fewer columns after the inode, so nothing there is used.
/// </remarks>
public static class NetTcp
{
    // tm->when counts in USER_HZ, which is 100 on every architecture that .NET runs on.
    private const ulong MillisecondsPerTick = 10;

    private const int IPv4Digits = 8;
    private const int IPv6Digits = 32;
    private const int PortDigits = 4;

    /// <summary>Hands every socket of one of these files to a sink.</summary>
    /// <param name="path">For example <c>/proc/42/net/tcp6</c>.</param>
    /// <param name="isInet6">True for tcp6.</param>
    /// <param name="buffer">Receives the text, piece by piece; longer than a line.</param>
    /// <param name="sink">Receives the sockets.</param>
    /// <param name="stateMask">Bits <c>1 &lt;&lt; TCP_*</c>: others are read but not handed over.</param>
    /// <param name="cancellationToken">Ends the dump between two reads.</param>
    /// <returns>False when the file or its process is gone; then and after an exception the sink may have part of the sockets.</returns>
    /// <remarks>The table is read while it changes: a socket may come twice or not at all.</remarks>
    /// <exception cref="KernelException">The file may not be read, or the process ended while it was read.</exception>
    public static bool TryDump<TSink>(
        string path,
        bool isInet6,
        Span<byte> buffer,
        ref TSink sink,
        out DumpResult result,
        uint stateMask = TcpStates.All,
        CancellationToken cancellationToken = default)
        where TSink : ISocketSink, allows ref struct
    {
        result = default;
        using var file = TryOpen(path);
        if (file is null)
        {
            return false;
        }

        long sockets = 0, malformed = 0;
        var isHeader = true;
        var kept = 0;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var read = ProcFile.Read(file, buffer[kept..], path);
            var text = buffer[..(kept + read)];
            var complete = read == 0 ? text.Length : text.LastIndexOf((byte)'\n') + 1;
            var lines = new ProcLines(text[..complete]);
            while (lines.MoveNext())
            {
                if (TryParseLine(lines.Current, isInet6, out var socket))
                {
                    if ((stateMask & (1u << (int)socket.State)) != 0)
                    {
                        sockets++;
                        sink.OnSocket(in socket);
                    }
                }
                else if (!isHeader)
                {
                    malformed++;
                }

                isHeader = false;
            }

            if (read == 0)
            {
                result = new(sockets, 0, false, malformed);
                return true;
            }

            // A line that fills the whole buffer is none of the kernel's: it is dropped.
            text[complete..].CopyTo(buffer);
            kept = text.Length - complete < buffer.Length ? text.Length - complete : 0;
        }
    }

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

    private static SafeFileHandle? TryOpen(string path)
    {
        try
        {
            return ProcFile.Open(path);
        }
        catch (KernelException exception) when (exception.IsGone)
        {
            return null;
        }
    }

    private static uint Saturate(ulong value) => (uint)Math.Min(value, uint.MaxValue);
}
