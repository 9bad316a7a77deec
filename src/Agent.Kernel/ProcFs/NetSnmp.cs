namespace Agent.Kernel.ProcFs;

/// <summary>Reads the Tcp: lines of /proc/PID/net/snmp. Source: snmp_seq_show_tcp_udp (net/ipv4/proc.c).</summary>
public static class NetSnmp
{
    /// <summary>Sets the members of <see cref="TcpCounters"/> that this file has.</summary>
    /// <param name="text">The file.</param>
    /// <param name="counters">Replaced by a copy with the counters set.</param>
    /// <returns>False when there are no Tcp: lines; the counters are as before then.</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, ref TcpCounters counters)
    {
        if (!SnmpTable.TryFind(text, "Tcp:"u8, out var table))
        {
            return false;
        }

        ulong? resetsSent = null, establishedResets = null, passiveOpens = null, activeOpens = null, retransmitted = null;
        while (table.TryNext(out var name, out var value))
        {
            if (name.SequenceEqual("OutRsts"u8))
            {
                resetsSent = value;
            }
            else if (name.SequenceEqual("EstabResets"u8))
            {
                establishedResets = value;
            }
            else if (name.SequenceEqual("PassiveOpens"u8))
            {
                passiveOpens = value;
            }
            else if (name.SequenceEqual("ActiveOpens"u8))
            {
                activeOpens = value;
            }
            else if (name.SequenceEqual("RetransSegs"u8))
            {
                retransmitted = value;
            }
        }

        counters = counters with
        {
            ResetsSent = resetsSent,
            EstablishedResets = establishedResets,
            PassiveOpens = passiveOpens,
            ActiveOpens = activeOpens,
            RetransmittedSegments = retransmitted,
        };
        return true;
    }
}
