using Agent.Kernel.Netlink;
using Agent.Kernel.ProcFs;

namespace Agent.Kernel.Conntrack;

/// <summary>
/// The conntrack table as /proc/&lt;pid&gt;/net/nf_conntrack shows it: the table of that process's network namespace, to
/// uid 0 and without any capability. The file is absent without CONFIG_NF_CONNTRACK_PROCFS.
/// </summary>
public static class ConntrackProcFs
{
    /// <summary>Streams every entry to a sink. Not a snapshot: entries may repeat or be missed while the table changes.</summary>
    /// <param name="path">/proc/&lt;pid&gt;/net/nf_conntrack, an old ip_conntrack, or a copy.</param>
    /// <param name="buffer">Holds what was read.</param>
    /// <param name="sink">Receives the entries.</param>
    /// <param name="cancellationToken">Ends the reading between two reads of about 4 KiB.</param>
    /// <returns>Lines that are no entry are counted as malformed and passed over; empty ones are not counted.</returns>
    /// <exception cref="KernelException">ENOENT: no such file, or the process is gone. EACCES: only uid 0 may read it.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static DumpResult Dump<TSink>(string path, NetlinkBuffer buffer, ref TSink sink, CancellationToken cancellationToken)
        where TSink : IConntrackSink, allows ref struct
    {
        using var file = ProcFile.Open(path);
        var bytes = buffer.Span;
        var lines = new ConntrackLineStream();
        var kept = 0;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var read = ProcFile.Read(file, bytes[kept..], path);
            if (read == 0)
            {
                lines.End(bytes[..kept], ref sink);
                return new(lines.Entries, 0, false, lines.Malformed);
            }

            kept = lines.Read(bytes, kept + read, ref sink);
        }
    }
}
