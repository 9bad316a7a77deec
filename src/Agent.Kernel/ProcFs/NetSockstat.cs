namespace Agent.Kernel.ProcFs;

/// <summary>
/// Reads /proc/PID/net/sockstat and sockstat6: whether a namespace has TCP sockets at all. Source: sockstat_seq_show (net/ipv4/proc.c).
/// <c>TCP: inuse 4 orphan 0 tw 2 alloc 5 mem 1</c>; <c>inuse</c> counts listeners too, mini-sockets (TIME_WAIT and orphaned FIN_WAIT2 of
/// both families) are in <c>tw</c> only.
/// </summary>
internal static class NetSockstat
{
    /// <summary>False only when the file says that the family has no socket beside mini-sockets.</summary>
    /// <param name="text">The file.</param>
    /// <param name="family"><c>TCP:</c> or <c>TCP6:</c>.</param>
    public static bool MaybeSockets(ReadOnlySpan<byte> text, ReadOnlySpan<byte> family) =>
        !TryRead(text, family, "inuse"u8, out var inUse) || inUse != 0;

    /// <summary>False only when the file says that there is no mini-socket.</summary>
    /// <param name="text">The file <c>sockstat</c>.</param>
    public static bool MaybeTimeWait(ReadOnlySpan<byte> text) => !TryRead(text, "TCP:"u8, "tw"u8, out var timeWait) || timeWait != 0;

    /// <summary>Reads one number.</summary>
    /// <param name="text">The file.</param>
    /// <param name="line"><c>TCP:</c> or <c>TCP6:</c>.</param>
    /// <param name="name">For example <c>inuse</c>.</param>
    /// <param name="value">The number.</param>
    /// <returns>False when the file does not say it.</returns>
    public static bool TryRead(ReadOnlySpan<byte> text, ReadOnlySpan<byte> line, ReadOnlySpan<byte> name, out ulong value)
    {
        var lines = new ProcLines(text);
        while (lines.MoveNext())
        {
            var fields = new ProcFields(lines.Current);
            if (fields.TryRead(out var start) && start.SequenceEqual(line))
            {
                while (fields.TryRead(out var key))
                {
                    if (key.SequenceEqual(name))
                    {
                        return fields.TryReadUInt64(out value);
                    }
                }
            }
        }

        value = 0;
        return false;
    }
}
