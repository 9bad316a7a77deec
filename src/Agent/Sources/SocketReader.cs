using Agent.Core.Tallies;
using Agent.Kernel.Netlink;
using Agent.Kernel.ProcFs;
using Agent.Kernel.SockDiag;

namespace Agent.Sources;

/// <summary>Reads the TCP sockets of one network namespace into a tally.</summary>
internal sealed class SocketReader(NetlinkBuffer buffer)
{
    /// <summary>
    /// Ages cost the kernel a lock on each socket. Up to so many sockets one dump with ages is cheapest, because each dump
    /// walks the machine's whole table; beyond, all are dumped without, and ages asked for where they matter.
    /// </summary>
    private const long OneDumpLimit = 5_000;

    /// <summary>Established connections whose idle time is looked at in a large namespace.</summary>
    private const long IdleSampleSize = 5_000;

    private readonly NetDirectory _tables = new();

    /// <summary>By sock_diag, in the namespace of the calling thread.</summary>
    /// <param name="tally">Begun for the namespace.</param>
    /// <param name="expected">Sockets at the last scan; null when unknown.</param>
    /// <param name="cancellationToken">Ends it between two datagrams.</param>
    /// <exception cref="Kernel.KernelException">The kernel refused it.</exception>
    public void ReadNetlink(SocketTally tally, long? expected, CancellationToken cancellationToken)
    {
        using var diag = SockDiagNetlink.Open(buffer);
        var sink = new SocketTallySink(tally);
        if (expected is null or <= OneDumpLimit)
        {
            diag.Dump(TcpStates.All, SockDiagExtensions.Info, ref sink, cancellationToken: cancellationToken);
            return;
        }

        diag.Dump(TcpStates.All & ~TcpStates.HalfClosed, SockDiagExtensions.None, ref sink, cancellationToken: cancellationToken);
        var halfClosed = new SocketPassSink(tally, SocketPass.HalfClosed);
        halfClosed.Restart();
        diag.Dump(TcpStates.HalfClosed, SockDiagExtensions.Info, ref halfClosed, cancellationToken: cancellationToken);
        if (tally.Ports.Length > 0)
        {
            var idle = new SocketPassSink(tally, SocketPass.Idle);
            diag.Dump(TcpStates.Established, SockDiagExtensions.Info, ref idle, IdleSampleSize, cancellationToken);
        }
    }

    /// <summary>
    /// Completes what an earlier dump showed, in the namespace of the calling thread: listeners, whose queues a process empties without a
    /// segment, are dumped, which walks a small table; half-closed sockets, whose ages and unread bytes matter, are looked up.
    /// </summary>
    /// <param name="memory">Of that dump.</param>
    /// <param name="tally">Holds the rest of it.</param>
    /// <param name="isUnchanged">True when the half-closed sockets are to be those of then; otherwise those that are left do.</param>
    /// <param name="cancellationToken">Ends it between two datagrams.</param>
    /// <returns>False when something else is there than then.</returns>
    /// <exception cref="Kernel.KernelException">The kernel refused it.</exception>
    public bool TryComplete(SocketMemory memory, SocketTally tally, bool isUnchanged, CancellationToken cancellationToken)
    {
        using var diag = SockDiagNetlink.Open(buffer);
        var listeners = new SocketPassSink(tally, SocketPass.Listeners);
        diag.Dump(TcpStates.Listen, SockDiagExtensions.None, ref listeners, cancellationToken: cancellationToken);
        if (!tally.HasPortsOf(memory))
        {
            return false;
        }

        foreach (var then in memory.HalfClosed)
        {
            if (diag.TryFind(then.Tuple, out var now, SockDiagExtensions.Info) && now.IsHalfClosed
                && (!isUnchanged || SocketMemory.IsSame(then, now)))
            {
                tally.Add(now);
            }
            else if (isUnchanged)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>By /proc/PID/net/tcp and tcp6, which show no ages.</summary>
    /// <returns>False when the namespace is gone.</returns>
    /// <exception cref="Kernel.KernelException">The files may not be read.</exception>
    public bool TryReadProcFs(string netPath, SocketTally tally, CancellationToken cancellationToken)
    {
        var sink = new SocketTallySink(tally);
        return _tables.TryDumpSockets(netPath, ref sink, out _, cancellationToken: cancellationToken);
    }
}
