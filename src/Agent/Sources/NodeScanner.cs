using Agent.Configuration;
using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Core.Snapshots;
using Agent.Core.Tallies;
using Agent.Kernel;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Namespaces;
using Agent.Kubernetes;

namespace Agent.Sources;

/// <summary>Reads this node: namespaces and pods, then sockets, then conntrack, and joins them.</summary>
/// <remarks>
/// Sockets come before the conntrack dump: a socket that was half-closed before the dump began must be in it, so one that
/// is not there has no entry.
/// </remarks>
internal sealed class NodeScanner : INodeScanner
{
    private readonly Thresholds _diagnosis;
    private readonly IKubernetesPods? _kubernetes;
    private readonly TimeProvider _time;
    private readonly NodeReader _node;
    private readonly NamespaceThread? _thread;
    private readonly NamespaceSource _namespaces;
    private readonly SocketHolders _holders;
    private readonly NamespaceReader _reader;
    private readonly ConntrackSource _conntrack;
    private readonly HalfClosedWatch _watch = new();
    private FlowDump? _lastDump;
    private SourceReport? _lastDumpReport;

    public NodeScanner(CollectionOptions collection, PodsOptions pods, Thresholds diagnosis, IKubernetesPods? kubernetes, TimeProvider time)
    {
        _diagnosis = diagnosis;
        _kubernetes = kubernetes;
        _time = time;
        var classifier = new CgroupClassifier();
        _namespaces = new NamespaceSource(collection, pods, classifier.Classify, time);
        _node = new NodeReader(collection.ProcRoot, pods.NodeName, _namespaces.IsLive);
        _thread = _namespaces.IsLive ? new NamespaceThread(collection.ProcRoot) : null;
        _conntrack = new ConntrackSource(_namespaces.IsLive ? collection.Conntrack : BackendChoice.ProcFs, time);
        _holders = new SocketHolders(collection.ProcRoot, pods.CgroupRoot, classifier.Classify);
        _reader = new NamespaceReader(collection, _conntrack, _holders, time);
    }

    public Snapshot Scan(ScanRequest request, CancellationToken cancellationToken)
    {
        if (_thread is null)
        {
            return Scan(request, null, cancellationToken);
        }

        Snapshot? snapshot = null;
        _thread.Run(visitor => snapshot = Scan(request, visitor, cancellationToken));
        return snapshot!;
    }

    public void Dispose()
    {
        _thread?.Dispose();
        _reader.Dispose();
        _holders.Dispose();
        _conntrack.Dispose();
        _namespaces.Dispose();
    }

    private Snapshot Scan(ScanRequest request, NamespaceVisitor? visitor, CancellationToken cancellationToken)
    {
        var takenAt = _time.GetUtcNow();
        var started = _time.GetTimestamp();
        var now = _time.GetElapsedTime(0, started);
        var kubernetes = _kubernetes?.Current;
        var sources = new SourceReports();

        var layout = _namespaces.Read(now, visitor, kubernetes, sources);
        var scan = new ScanState(layout, now, cancellationToken);
        var namespaces = _reader.Read(scan, visitor, sources);
        scan.HalfClosed.BuildIndex();
        var statistics = ReadConntrack(request, visitor, scan, sources);
        if (kubernetes is not null)
        {
            sources.Add(new SourceReport(SourceNames.Kubernetes, "api", kubernetes.Status, kubernetes.Detail, TimeSpan.Zero, kubernetes.Pods.Length) { Needs = kubernetes.Needs });
        }

        Judge(scan);
        return SnapshotBuilder.Build(
            new NodeSample
            {
                TakenAt = takenAt,
                Duration = _time.GetElapsedTime(started),
                Node = _node.Info,
                Sources = sources.ToImmutable(),
                Owners = layout.Owners,
                Namespaces = [.. namespaces.Select((sample, slot) => sample with { HostTracks = scan.HostTracks[slot], OwnTableTracks = scan.OwnTableTracks[slot] })],
                HalfClosed = scan.SocketsRead ? scan.HalfClosed : null,
                Flows = _lastDump,
                TableEntries = scan.HostTableEntries,
                TableLimit = scan.HostSettings?.Limit,
                TableBuckets = scan.HostSettings?.Buckets,
                Statistics = statistics,
            },
            _diagnosis);
    }

    /// <summary>The node's table and its counters, on a thread that is in the node's namespace, where that is allowed.</summary>
    private ConntrackStatistics? ReadConntrack(ScanRequest request, NamespaceVisitor? visitor, ScanState scan, SourceReports sources)
    {
        var host = scan.Layout.Namespaces[0];
        KernelException? refusal = null;
        var entered = visitor is not null && host.Live is { } live && visitor.TryEnter(live, out refusal);
        var reason = SourceProblem.Of(refusal);
        using var netlink = entered ? _conntrack.OpenNetlink(out reason) : null;
        if (request.DumpConntrack || _lastDump is null)
        {
            Dump(netlink, reason, scan);
        }

        sources.Add(_lastDumpReport!);
        if (netlink is not null)
        {
            ConntrackLookup.CompleteHost(netlink, scan);
        }

        var (report, statistics) = ConntrackStatisticsSource.Read(netlink, $"{host.NetPath}/stat/nf_conntrack", _time, scan.CancellationToken);
        sources.Add(report);
        visitor?.Return();
        return statistics;
    }

    private void Dump(ConntrackNetlink? netlink, SourceProblem refusal, ScanState scan)
    {
        var takenAt = _time.GetUtcNow();
        var tally = new FlowTally(scan.Layout.Addresses, scan.Layout.Owners.Length, scan.HalfClosed);
        var report = _conntrack.Dump(netlink, refusal, $"{scan.Layout.Namespaces[0].NetPath}/nf_conntrack", tally, scan.CancellationToken);
        _lastDumpReport = report;
        if (report.Status is not (SourceStatus.Ok or SourceStatus.Degraded))
        {
            _lastDump = null;
            return;
        }

        scan.HalfClosed.MarkHostAsked();
        scan.NoteDump(tally);
        _lastDump = FlowDumpBuilder.Build(tally, scan.Layout.Owners, takenAt);
    }

    /// <summary>Decides for each half-closed socket what has become of its entry. Who was in a table once and is not there now was forgotten, whatever else is known.</summary>
    private void Judge(ScanState scan)
    {
        var once = new Dictionary<int, (bool InHost, bool InPod)>();
        _watch.Update(scan.Now, scan.HalfClosed.Sockets, slot => scan.Layout.Namespaces[slot].Inode, (position, inHost, inPod) => once[position] = (inHost, inPod));
        var sockets = scan.HalfClosed.Sockets;
        for (var i = 0; i < sockets.Length; i++)
        {
            ref var socket = ref sockets[i];
            var (inHost, inPod) = once.GetValueOrDefault(i);
            var hostTracks = inHost ? true : scan.HostTracksSocket(socket);
            var podTracks = inPod ? true : scan.OwnTableTracks[socket.NamespaceSlot];
            socket.Tracking = TrackingJudge.Judge(socket, hostTracks, podTracks, _diagnosis.ExpiringWithin);
        }
    }
}
