namespace Agent.Kernel.ProcFs;

/// <summary>
/// What tells cheaply that the TCP sockets of a network namespace are as they were: no segment came or went, no socket was opened or is
/// gone. Sources: snmp_seq_show_tcp_udp and sockstat_seq_show (net/ipv4/proc.c), for both families.
/// </summary>
/// <remarks>
/// What changes without any of it: what waits in a queue, when its process reads or accepts; how long ago something was; a listener that
/// another one replaces before anybody has connected to either.
/// </remarks>
/// <param name="Events">
/// Tcp: the sum of all counters, so that it is the same only when each of them is: InSegs counts a segment before a socket takes it;
/// OutSegs leaves out what is sent again, which is in RetransSegs.
/// </param>
/// <param name="Established">Tcp: CurrEstab, sockets in ESTABLISHED and CLOSE_WAIT.</param>
/// <param name="InUse">TCP: inuse, sockets of IPv4 in any state but mini-sockets.</param>
/// <param name="InUse6">TCP6: inuse; 0 where IPv6 is off.</param>
/// <param name="TimeWait">TCP: tw, mini-sockets of both families: TIME_WAIT and FIN_WAIT2 without an owner.</param>
public readonly record struct SocketActivity(ulong Events, ulong Established, ulong InUse, ulong InUse6, ulong TimeWait)
{
    /// <summary>False when the namespace has no TCP socket but those whose handshake is under way.</summary>
    public bool HasSockets => InUse + InUse6 + TimeWait > 0;

    /// <summary>Reads the three files.</summary>
    /// <param name="snmp">/proc/PID/net/snmp.</param>
    /// <param name="sockstat">/proc/PID/net/sockstat.</param>
    /// <param name="sockstat6">/proc/PID/net/sockstat6; empty where there is none.</param>
    /// <returns>Null when one of them does not say what it should.</returns>
    internal static SocketActivity? Parse(ReadOnlySpan<byte> snmp, ReadOnlySpan<byte> sockstat, ReadOnlySpan<byte> sockstat6)
    {
        if (!TryParseSnmp(snmp, out var events, out var established)
            || !NetSockstat.TryRead(sockstat, "TCP:"u8, "inuse"u8, out var inUse)
            || !NetSockstat.TryRead(sockstat, "TCP:"u8, "tw"u8, out var timeWait))
        {
            return null;
        }

        ulong inUse6 = 0;
        return sockstat6.IsEmpty || NetSockstat.TryRead(sockstat6, "TCP6:"u8, "inuse"u8, out inUse6)
            ? new(events, established, inUse, inUse6, timeWait)
            : null;
    }

    private static bool TryParseSnmp(ReadOnlySpan<byte> text, out ulong events, out ulong established)
    {
        (events, established) = (0, 0);
        if (!SnmpTable.TryFind(text, "Tcp:"u8, out var table))
        {
            return false;
        }

        var (hasIn, hasOut, hasEstablished) = (false, false, false);
        while (table.TryNext(out var name, out var value))
        {
            if (name.SequenceEqual("CurrEstab"u8))
            {
                established = value ?? 0;
                hasEstablished = value is not null;
                continue;
            }

            events = unchecked(events + (value ?? 0));
            hasIn |= value is not null && name.SequenceEqual("InSegs"u8);
            hasOut |= value is not null && name.SequenceEqual("OutSegs"u8);
        }

        return hasIn && hasOut && hasEstablished;
    }
}
