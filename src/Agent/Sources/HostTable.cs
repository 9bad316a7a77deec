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
    private readonly FlowTally _tally = new((ulong)Random.Shared.NextInt64());
    private readonly TableGrowth _growth = new();
    private SourceReport? _lastReport;
    private bool _hasLoaded;

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
        if (host.IsEntered && host.Memory.Settings is null && !IsLoaded())
        {
            conntrack.OpenNetlink(out _)?.Dispose();
            _hasLoaded = IsLoaded();
        }

        scan.Visitor?.Return();
    }

    /// <summary>
    /// Finds the entries of the half-closed sockets, counts all entries, and reads the counters: in the host's namespace, where
    /// that is allowed.
    /// </summary>
    /// <param name="scan">With its half-closed sockets indexed; receives their entries, whom the table tracks, and the counters.</param>
    /// <param name="dump">False: keep the counts of the last dump and look the sockets up one by one.</param>
    /// <param name="sources">Receives the reports.</param>
    public void Read(NodeScan scan, bool dump, SourceReports sources)
    {
        var host = scan.Layout.Host;
        var reason = SourceProblem.Of(host.Enter(scan.Visitor));
        using var netlink = host.IsEntered ? conntrack.OpenNetlink(out reason) : null;
        if (dump || LastDump is null)
        {
            Dump(netlink, reason, scan);
        }

        sources.Add(_hasLoaded ? WithModule(_lastReport!) : _lastReport!);
        if (netlink is not null)
        {
            ConntrackLookup.CompleteHost(netlink, scan, _tally.Table.Zones);
        }

        var netPath = host.Target.NetPath;
        var (report, statistics) = ConntrackStatisticsSource.Read(netlink, $"{netPath}/stat/nf_conntrack", time, scan.CancellationToken);
        sources.Add(report);
        scan.Statistics = statistics;
        scan.Visitor?.Return();
    }

    private static bool IsLoaded() => SettingsSource.ReadTimeout("/proc", NetfilterSettings.CloseWait) is not null;

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
