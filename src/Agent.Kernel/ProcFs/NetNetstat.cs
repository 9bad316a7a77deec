namespace Agent.Kernel.ProcFs;

/// <summary>Reads the TcpExt: lines of /proc/PID/net/netstat. Source: netstat_seq_show (net/ipv4/proc.c).</summary>
public static class NetNetstat
{
    /// <summary>Sets the members of <see cref="TcpCounters"/> that this file has.</summary>
    /// <param name="text">The file.</param>
    /// <param name="counters">Replaced by a copy with the counters set.</param>
    /// <returns>False when there are no TcpExt: lines; the counters are as before then.</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, ref TcpCounters counters)
    {
        if (!SnmpTable.TryFind(text, "TcpExt:"u8, out var table))
        {
            return false;
        }

        ulong? onData = null, onClose = null, onTimeout = null, overflows = null, drops = null, timeWaits = null;
        ulong? synDrops = null, synCookies = null, timeWaitOverflows = null;
        while (table.TryNext(out var name, out var value))
        {
            if (name.SequenceEqual("TCPAbortOnData"u8))
            {
                onData = value;
            }
            else if (name.SequenceEqual("TCPAbortOnClose"u8))
            {
                onClose = value;
            }
            else if (name.SequenceEqual("TCPAbortOnTimeout"u8))
            {
                onTimeout = value;
            }
            else if (name.SequenceEqual("ListenOverflows"u8))
            {
                overflows = value;
            }
            else if (name.SequenceEqual("ListenDrops"u8))
            {
                drops = value;
            }
            else if (name.SequenceEqual("TW"u8))
            {
                timeWaits = value;
            }
            else if (name.SequenceEqual("TCPReqQFullDrop"u8))
            {
                synDrops = value;
            }
            else if (name.SequenceEqual("TCPReqQFullDoCookies"u8))
            {
                synCookies = value;
            }
            else if (name.SequenceEqual("TCPTimeWaitOverflow"u8))
            {
                timeWaitOverflows = value;
            }
        }

        counters = counters with
        {
            AbortOnData = onData,
            AbortOnClose = onClose,
            AbortOnTimeout = onTimeout,
            ListenOverflows = overflows,
            ListenDrops = drops,
            TimeWaits = timeWaits,
            SynQueueDrops = synDrops,
            SynQueueCookies = synCookies,
            TimeWaitOverflows = timeWaitOverflows,
        };
        return true;
    }
}
