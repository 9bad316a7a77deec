using Agent.Configuration;
using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Core.Snapshots;
using Agent.Core.Tallies;
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
    private readonly IKubernetesPods? _kubernetes;
    private readonly TimeProvider _time;
    private readonly NodeReader _node;
    private readonly NodePlaceReader _place;
    private readonly NamespaceThread? _thread;
    private readonly NamespaceSource _namespaces;
    private readonly OwnerSource _owners;
    private readonly NamespaceSockets _sockets;
    private readonly NamespaceReader _reader;
    private readonly ConntrackSource _conntrack;
    private readonly HostTable _hostTable;
    private readonly HalfClosedMemory _halfClosed = new();

    public NodeScanner(CollectionOptions collection, PodsOptions pods, IKubernetesPods? kubernetes, TimeProvider time)
    {
        _kubernetes = kubernetes;
        _time = time;
        var classifier = new CgroupClassifier();
        _namespaces = new NamespaceSource(collection, classifier.Classify, time);
        _owners = new OwnerSource(collection, pods, time);
        _node = new NodeReader(collection.ProcRoot, pods.NodeName, _namespaces.IsLive);
        _place = new NodePlaceReader(collection.ProcRoot, _namespaces.IsLive);
        _thread = _namespaces.IsLive ? new NamespaceThread(collection.ProcRoot) : null;
        _conntrack = new ConntrackSource(_namespaces.IsLive ? collection.Conntrack : BackendChoice.ProcFs, time);
        var holders = new SocketHolders(collection.ProcRoot, pods.CgroupRoot, classifier.Classify);
        _sockets = new NamespaceSockets(collection, _conntrack, holders, time);
        _reader = new NamespaceReader(collection, _sockets, time);
        _hostTable = new HostTable(_conntrack, time);
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
        _sockets.Dispose();
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

        var targets = _namespaces.Find(now, visitor, sources);
        _halfClosed.Begin(now);
        var layout = _owners.Find(targets, now, kubernetes, sources);
        var scan = new NodeScan(layout, visitor, _halfClosed, now, cancellationToken)
        {
            Ends = visitor is null ? null : request.Ends,
            SocketBudgetPercent = request.SocketBudgetPercent,
        };
        _hostTable.Prepare(scan);
        _reader.Read(scan, sources);
        scan.HalfClosed.BuildIndex();
        NoteLooseness(scan);
        _hostTable.Read(scan, request, sources);
        PeerJudge.Judge(scan.HalfClosed, scan.IsReadHere);
        JudgeTracking(scan);
        sources.Add(kubernetes);
        var ends = scan.Ends?.Complete(scan, sources);
        return Assemble(scan, ends, takenAt, _time.GetElapsedTime(started), sources);
    }

    /// <summary>Which tables pick up connections in their middle: there nothing is lost that is not translated.</summary>
    private static void NoteLooseness(NodeScan scan)
    {
        var host = NetfilterSettings.IsLoose(scan.Layout.Host.Memory.Settings?.Settings);
        foreach (var network in scan.Layout.Namespaces)
        {
            network.Tracking.HostIsLoose = host;
            network.Tracking.OwnIsLoose = NetfilterSettings.IsLoose(network.Memory.Settings?.Settings);
        }
    }

    /// <summary>What has become of the entry of each half-closed socket.</summary>
    private static void JudgeTracking(NodeScan scan)
    {
        foreach (ref var socket in scan.HalfClosed.Sockets)
        {
            socket.SetTracking(TrackingJudge.Judge(socket, scan.IsInHostTable(socket)), TrackingJudge.NeedsEntry(socket));
        }

        scan.HalfClosed.Complete();
    }

    private Snapshot Assemble(NodeScan scan, EndsSample? ends, DateTimeOffset takenAt, TimeSpan duration, SourceReports sources)
    {
        var host = scan.Layout.Host;
        return SnapshotBuilder.Build(new NodeSample
        {
            TakenAt = takenAt,
            Duration = duration,
            Node = _node.Info,
            Place = _place.Read(scan.Layout.Host.Target.Live?.Processes ?? [], _namespaces.SeesAllProcesses),
            Sources = sources.ToImmutable(),
            Owners = scan.Layout.Owners,
            Namespaces = [.. scan.Layout.Namespaces.Select(static network => network.Sample!)],
            HalfClosed = scan.SocketsRead ? scan.HalfClosed : null,
            Flows = _hostTable.LastDump,
            TableIsBeingRead = _hostTable.IsBeingRead,
            TableEntries = host.TableEntries,
            TableLimit = host.Memory.Settings?.Limit,
            TableBuckets = host.Memory.Settings?.Buckets,
            Statistics = scan.Statistics,
            Ends = ends,
        });
    }
}
