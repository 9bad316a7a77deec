using System.Globalization;
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
    /// <summary>How long the table may be read from procfs, where some kernels need minutes for what netlink gives in a second.</summary>
    private static readonly TimeSpan s_procFsBudget = TimeSpan.FromSeconds(3);

    /// <summary>A table that was too large once is not tried again until it is smaller by so much.</summary>
    private const double Smaller = 0.8;

    private static readonly TimeSpan s_receiveTimeout = TimeSpan.FromSeconds(5);

    private readonly NetlinkBuffer _buffer = new();
    private long? _tooMany;

    /// <summary>True when the table is not to be read.</summary>
    public bool IsOff => choice == BackendChoice.Off;

    /// <summary>How long the table may be read from procfs.</summary>
    public TimeSpan ProcFsBudget { get; init; } = s_procFsBudget;

    /// <summary>A connection to ctnetlink, or why there is none.</summary>
    /// <param name="refusal">Why netlink cannot be used; empty when it can.</param>
    public ConntrackNetlink? OpenNetlink(out SourceProblem refusal)
    {
        if (choice is BackendChoice.ProcFs or BackendChoice.Off)
        {
            refusal = SourceProblem.None;
            return null;
        }

        ConntrackNetlink? netlink = null;
        try
        {
            netlink = ConntrackNetlink.Open(s_receiveTimeout, _buffer);
            // The socket opens without any privilege; only a request is refused.
            _ = netlink.ReadCount();
            refusal = SourceProblem.None;
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
    /// <param name="entries">How many there are; null when unknown.</param>
    /// <param name="cancellationToken">Ends the dump between two datagrams.</param>
    /// <returns>The report, and whether the tally holds the table.</returns>
    public (SourceReport Report, bool IsComplete) Dump(
        ConntrackNetlink? netlink,
        SourceProblem refusal,
        string procFile,
        FlowTally tally,
        long? entries,
        CancellationToken cancellationToken)
    {
        var clock = new SourceClock(SourceNames.Conntrack, time);
        if (choice == BackendChoice.Off)
        {
            return (clock.Off("Collection:Conntrack", SourceNeeds.ConntrackSwitchedOn), false);
        }

        var sink = new FlowTallySink(tally);
        if (netlink is not null)
        {
            try
            {
                return (Finish(clock, "netlink", netlink.Dump(0, ref sink, cancellationToken), SourceProblem.None), true);
            }
            catch (KernelException exception) when (choice == BackendChoice.Auto)
            {
                refusal = Refusal(exception);
                tally.Restart();
            }
            catch (KernelException exception)
            {
                return (clock.Report("netlink", SourceStatus.Failed, SourceProblem.Of(exception), 0), false);
            }
        }

        if (choice == BackendChoice.Netlink)
        {
            return (clock.Report("netlink", SourceStatus.Unavailable, refusal, 0), false);
        }

        return DumpProcFs(clock, refusal, procFile, tally, entries, cancellationToken);
    }

    public void Dispose() => _buffer.Dispose();

    /// <summary>
    /// Up to Linux 6.12 each read of the file walks the table from its beginning: 80,000 entries take half a minute. So it ends after a
    /// while, and what it has shown by then is not used: what is missing in half a table is not missing.
    /// </summary>
    private (SourceReport Report, bool IsComplete) DumpProcFs(
        SourceClock clock, SourceProblem refusal, string procFile, FlowTally tally, long? entries, CancellationToken cancellationToken)
    {
        if (_tooMany is { } tooMany && entries >= Smaller * tooMany)
        {
            return (TooMany(clock, refusal, entries), false);
        }

        using var budget = new CancellationTokenSource(ProcFsBudget, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(budget.Token, cancellationToken);
        var sink = new FlowTallySink(tally);
        try
        {
            var instead = $"read {procFile} instead, which does not tell who closed first and allows no look-ups";
            var lost = refusal.Exists ? refusal.And(new(instead, SourceNeeds.None)) : SourceProblem.None;
            var report = Finish(clock, "procfs", ConntrackProcFs.Dump(procFile, _buffer, ref sink, either.Token), lost);
            _tooMany = null;
            return (report, true);
        }
        catch (KernelException exception)
        {
            return (clock.Report("procfs", SourceStatus.Unavailable, refusal.And(FileProblem(exception, procFile)), 0), false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            _tooMany = entries;
            return (TooMany(clock, refusal, entries), false);
        }
    }

    private SourceReport TooMany(SourceClock clock, SourceProblem refusal, long? entries)
    {
        var many = new SourceProblem(
            $"{entries?.ToString(CultureInfo.InvariantCulture) ?? "the"} entries are too many for procfs: this kernel does not show them "
            + $"within {ProcFsBudget.TotalSeconds:0.##} s (netlink does, and Linux 6.18); the table's size, its counters and the sockets "
            + "are known",
            SourceNeeds.None);
        return clock.Report("procfs", SourceStatus.Degraded, refusal.And(many), 0);
    }

    private static SourceReport Finish(SourceClock clock, string backend, DumpResult result, SourceProblem problem)
    {
        if (result.Interrupted)
        {
            problem = problem.And(new(
                $"the table changed during the dump, still after {result.Retries} retries: a few entries may be missing or counted twice",
                SourceNeeds.AnotherScan));
        }

        if (result.Malformed > 0)
        {
            problem = problem.And(new($"{result.Malformed} entries could not be parsed and are not counted", SourceNeeds.None));
        }

        return clock.Read(backend, problem, result.Messages);
    }

    /// <summary>
    /// Without nfnetlink there is no socket of its protocol; without nf_conntrack_netlink nobody answers there for conntrack.
    /// </summary>
    private static SourceProblem Refusal(KernelException exception) =>
        exception.Errno == ErrnoText.EINVAL
            ? new($"{exception.Message}: the module nf_conntrack_netlink is not loaded", SourceNeeds.ConntrackNetlinkModule)
        : exception.IsNotSupported
            ? new($"{exception.Message}: the module nfnetlink is not loaded", SourceNeeds.ConntrackNetlinkModule)
        : SourceProblem.Of(exception);

    private static SourceProblem FileProblem(KernelException exception, string procFile) =>
        exception.IsDenied ? new($"{exception.Message}: the file is for uid 0", SourceNeeds.Root)
        : exception.IsGone
            ? new(
                $"{procFile} does not exist: nf_conntrack is not loaded, or this kernel has no CONFIG_NF_CONNTRACK_PROCFS",
                SourceNeeds.ConntrackModule)
        : SourceProblem.Of(exception);
}
