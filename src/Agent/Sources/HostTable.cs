using Agent.Core.Model;
using Agent.Core.Snapshots;
using Agent.Core.Tallies;
using Agent.Kernel.Conntrack;

namespace Agent.Sources;

/// <summary>
/// The host's conntrack table: dumped when a scan asks for it, the last dump kept in between; look-ups and counters every time.
/// </summary>
internal sealed class HostTable(ConntrackSource conntrack, TimeProvider time)
{
    /// <summary>Entries that are dumped within a tenth of a second.</summary>
    private const long Large = 50_000;

    private readonly FlowTally _tally = new((ulong)Random.Shared.NextInt64());
    private readonly TableGrowth _growth = new();
    private SourceReport? _lastReport;
    private readonly ConntrackModule _module = new(static () => SettingsSource.ReadTimeouts("/proc").Count > 0);

    /// <summary>True when the last scan left the first dump of a large table to the next one.</summary>
    public bool IsBeingRead { get; private set; }

    /// <summary>The newest dump, summed up; null when there is none.</summary>
    public FlowDump? LastDump { get; private set; }

    /// <summary>
    /// Asks conntrack once before anything is read: the kernel loads what the question needs, nf_conntrack too, and with that come settings
    /// that are read afterwards. Where Collection:Conntrack is procfs or off nothing is asked.
    /// </summary>
    /// <param name="scan">Of which nothing has been read yet.</param>
    public void Prepare(NodeScan scan)
    {
        var host = scan.Layout.Host;
        host.Enter(scan.Visitor);
        _module.Prepare(host.IsEntered && host.Memory.Settings is null, () => conntrack.OpenNetlink(out _)?.Dispose());
        scan.Visitor?.Return();
    }

    /// <summary>
    /// Finds the entries of the half-closed sockets, counts all entries, and reads the counters: in the host's namespace, where
    /// that is allowed.
    /// </summary>
    /// <param name="scan">With its half-closed sockets indexed; receives their entries, whom the table tracks, and the counters.</param>
    /// <param name="request">Whether to dump; otherwise the last dump's counts stay, and the sockets are looked up one by one.</param>
    /// <param name="sources">Receives the reports.</param>
    public void Read(NodeScan scan, ScanRequest request, SourceReports sources)
    {
        var host = scan.Layout.Host;
        var reason = SourceProblem.Of(host.Enter(scan.Visitor));
        using var netlink = host.IsEntered ? conntrack.OpenNetlink(out reason) : null;
        IsBeingRead = request.MayLeaveTable && _lastReport is null && !conntrack.IsOff && host.TableEntries > Large;
        if (!IsBeingRead && (request.DumpConntrack || LastDump is null))
        {
            Dump(netlink, reason, scan);
        }

        var report = IsBeingRead ? BeingRead(netlink is null ? "procfs" : "netlink", host.TableEntries) : _lastReport!;
        sources.Add(_module.IsJustLoaded ? WithModule(report) : report);
        if (netlink is not null)
        {
            ConntrackLookup.CompleteHost(netlink, scan, _tally.Table.Zones);
        }

        var (counters, statistics) = ConntrackStatisticsSource.Read(
            netlink, $"{host.Target.NetPath}/stat/nf_conntrack", time, scan.CancellationToken);
        sources.Add(counters);
        scan.Statistics = statistics;
        scan.Visitor?.Return();
    }

    private SourceReport BeingRead(string backend, long? entries) => new SourceClock(SourceNames.Conntrack, time).Report(
        backend,
        SourceStatus.Ok,
        new($"{entries} entries are being read: what they are follows with the next scan, at once", SourceNeeds.None),
        0);

    private static SourceReport WithModule(SourceReport report)
    {
        const string Loaded = "asking loaded the kernel module nf_conntrack; --Collection:Conntrack=procfs asks nothing";
        return report with { Detail = report.Detail.Length == 0 ? Loaded : $"{report.Detail}; {Loaded}" };
    }

    private void Dump(ConntrackNetlink? netlink, SourceProblem refusal, NodeScan scan)
    {
        var takenAt = time.GetUtcNow();
        var owners = scan.Layout.Owners;
        _tally.Begin(scan.Layout.Addresses, owners.Length, scan.HalfClosed);
        var host = scan.Layout.Host;
        (_lastReport, var isComplete) = conntrack.Dump(
            netlink, refusal, $"{host.Target.NetPath}/nf_conntrack", _tally, host.TableEntries, scan.CancellationToken);
        _tally.End();
        if (!isComplete)
        {
            LastDump = null;
            return;
        }

        scan.HalfClosed.SetHostEntriesMissing();
        scan.NoteDump(_tally);
        LastDump = FlowDumpBuilder.Build(_tally, owners, scan.Layout.Addresses, takenAt, scan.Now, _growth);
    }
}
