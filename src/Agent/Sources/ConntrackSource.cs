using Agent.Configuration;
using Agent.Core.Model;
using Agent.Core.Tallies;
using Agent.Kernel;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Netlink;

namespace Agent.Sources;

/// <summary>The node's conntrack table: dumps, look-ups, counters. Netlink where it is allowed, procfs otherwise.</summary>
/// <remarks>Use it on a thread that is in the node's network namespace.</remarks>
internal sealed class ConntrackSource(BackendChoice choice, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan s_receiveTimeout = TimeSpan.FromSeconds(5);

    private readonly NetlinkBuffer _buffer = new();

    /// <summary>A connection to ctnetlink, or why there is none.</summary>
    /// <param name="refusal">Why netlink cannot be used; empty when it can.</param>
    public ConntrackNetlink? OpenNetlink(out string refusal)
    {
        if (choice is BackendChoice.ProcFs or BackendChoice.Off)
        {
            refusal = "";
            return null;
        }

        ConntrackNetlink? netlink = null;
        try
        {
            netlink = ConntrackNetlink.Open(s_receiveTimeout, _buffer);
            // The socket opens without any privilege; only a request is refused.
            _ = netlink.ReadCount();
            refusal = "";
            return netlink;
        }
        catch (KernelException exception)
        {
            netlink?.Dispose();
            refusal = Refusal(exception);
            return null;
        }
    }

    /// <summary>Dumps the table into a tally.</summary>
    /// <param name="netlink">Null to read <paramref name="procFile"/>.</param>
    /// <param name="refusal">Why there is no netlink.</param>
    /// <param name="procFile">nf_conntrack of a process in the node's namespace.</param>
    /// <param name="tally">Receives the entries.</param>
    /// <param name="cancellationToken">Ends the dump between two datagrams.</param>
    public SourceReport Dump(ConntrackNetlink? netlink, string refusal, string procFile, FlowTally tally, CancellationToken cancellationToken)
    {
        var clock = new SourceClock(SourceNames.Conntrack, time);
        if (choice == BackendChoice.Off)
        {
            return clock.Off("Collection:Conntrack");
        }

        var sink = new FlowTallySink(tally);
        if (netlink is not null)
        {
            try
            {
                return Finish(clock, "netlink", netlink.Dump(0, ref sink, cancellationToken), "");
            }
            catch (KernelException exception) when (choice == BackendChoice.Auto)
            {
                refusal = Refusal(exception);
                tally.Restart();
            }
            catch (KernelException exception)
            {
                return clock.Report("netlink", SourceStatus.Failed, exception.Message, 0);
            }
        }

        if (choice == BackendChoice.Netlink)
        {
            return clock.Report("netlink", SourceStatus.Unavailable, refusal, 0);
        }

        try
        {
            var lost = refusal.Length == 0 ? "" : $"{refusal}; read {procFile} instead, which does not tell who closed first and allows no look-ups";
            return Finish(clock, "procfs", ConntrackProcFs.Dump(procFile, _buffer, ref sink, cancellationToken), lost);
        }
        catch (KernelException exception)
        {
            var reason = exception.IsDenied ? $"{exception.Message}: the file is for uid 0" : exception.IsGone ? $"{procFile} does not exist: nf_conntrack is not loaded, or this kernel has no CONFIG_NF_CONNTRACK_PROCFS" : exception.Message;
            return clock.Report("procfs", SourceStatus.Unavailable, refusal.Length == 0 ? reason : $"{refusal}; {reason}", 0);
        }
    }

    public void Dispose() => _buffer.Dispose();

    private static SourceReport Finish(SourceClock clock, string backend, DumpResult result, string lost)
    {
        var problems = new List<string>();
        if (lost.Length > 0)
        {
            problems.Add(lost);
        }

        if (result.Interrupted)
        {
            problems.Add($"the table changed during the dump, still after {result.Retries} retries: a few entries may be missing or counted twice");
        }

        if (result.Malformed > 0)
        {
            problems.Add($"{result.Malformed} entries could not be parsed and are not counted");
        }

        return clock.Report(backend, problems.Count == 0 ? SourceStatus.Ok : SourceStatus.Degraded, string.Join("; ", problems), result.Messages);
    }

    private static string Refusal(KernelException exception) =>
        exception.IsNotSupported || exception.Errno == ErrnoText.EINVAL ? $"{exception.Message}: the module nf_conntrack_netlink is not loaded"
        : exception.Message;
}
