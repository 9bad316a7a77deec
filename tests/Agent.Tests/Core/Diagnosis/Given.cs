using System.Collections.Immutable;
using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Core.Diagnosis;

/// <summary>Snapshots to judge, built from a healthy node by saying what differs.</summary>
internal static class Given
{
    public static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    public static Snapshot Node(params PodSnapshot[] pods) => new()
    {
        TakenAt = Noon,
        Node = new("node-1", "6.18.0", "boot-1", false),
        ScanDuration = TimeSpan.FromMilliseconds(20),
        Sources =
        [
            Source(SourceNames.Conntrack, "netlink"),
            Source(SourceNames.ConntrackStats, "netlink"),
            Source(SourceNames.Sysctl, "procfs"),
            Source(SourceNames.Sockets, "sock_diag"),
            Source(SourceNames.Namespaces, "procfs"),
            Source(SourceNames.Pods, "logs"),
            Source(SourceNames.Kubernetes, "api"),
        ],
        Conntrack = new() { Entries = 1000, Limit = 262144, Buckets = 65536, Statistics = new() { Drop = 0, EarlyDrop = 0, InsertFailed = 0, Invalid = 0 } },
        HostSettings = Settings(3600),
        Pods = [.. pods],
        UnattributedHalfClosedSockets = 0,
    };

    public static SourceReport Source(string name, string backend, SourceStatus status = SourceStatus.Ok, string detail = "") =>
        new(name, backend, status, detail, TimeSpan.FromMilliseconds(1), 1);

    public static NetfilterSettings Settings(long closeWaitSeconds, long liberal = 0) => new(
        ImmutableSortedDictionary<string, long>.Empty.Add(NetfilterSettings.CloseWait, closeWaitSeconds).Add("tcp_be_liberal", liberal));

    public static PodIdentity Identity(string name = "web", string ns = "shop") => new(PodKind.Pod, ns, name, $"uid-{name}");

    public static PodSnapshot Pod(string name = "web", string ns = "shop") => new()
    {
        Identity = Identity(name, ns),
        NamespaceInode = 4026532000 + (ulong)name.Length,
        OwnTableEntries = 0,
        Running = TimeSpan.FromHours(3),
    };

    public static ConntrackStatistics Statistics(ulong drop = 0, ulong early = 0, ulong failed = 0, ulong invalid = 0) =>
        new() { Drop = drop, EarlyDrop = early, InsertFailed = failed, Invalid = invalid };

    public static Snapshot With(this Snapshot snapshot, ConntrackStatistics statistics) =>
        snapshot with { Conntrack = snapshot.Conntrack! with { Statistics = statistics } };

    public static FlowSummary Flows(long total, long closeWait, params HalfClosedFlow[] sample) => new()
    {
        Total = total,
        TakenAt = Noon,
        Counts = [new("tcp", "close_wait", closeWait), new("tcp", "established", total - closeWait)],
        ByProtocol = [new("tcp", "", total)],
        ByTcpState = [new("tcp", "close_wait", closeWait), new("tcp", "established", total - closeWait)],
        HalfClosedSample = [.. sample],
        HalfClosed = new(0, closeWait, 0, 0, closeWait),
    };

    public static HalfClosedFlow CloseWaitEntry(uint secondsLeft) => new(
        new ConntrackFlow
        {
            Original = new(IpAddress.FromIPv4(0x0A000001), IpAddress.FromIPv4(0x0A600001), 40000, 80),
            Reply = new(IpAddress.FromIPv4(0x0A000002), IpAddress.FromIPv4(0x0A000001), 8080, 40000),
            TcpState = TcpConntrackState.CloseWait,
            TimeoutSeconds = secondsLeft,
            Present = ConntrackFields.Timeout,
        },
        null,
        null);

    public static Listener Listener(ushort port = 8080, string address = "0.0.0.0") => new()
    {
        Port = port,
        Address = IpAddress.TryParse(address, out var parsed) ? parsed : throw new ArgumentException(address),
        Queued = 0,
        Backlog = 128,
        Established = 0,
        ClosedByPodFirst = 0,
    };

    /// <summary>Ends of connections as they are watched for a minute.</summary>
    public static EndsSummary Ends(params LostRequests[] lost) =>
        new() { Watched = TimeSpan.FromMinutes(1), Server = EndCounts.None, Client = EndCounts.None, RequestsLost = [.. lost] };

    /// <summary>Closes of idle connections that all came after about the same time.</summary>
    public static IdleCloses IdleCloses(double seconds, long count = 20, ushort port = 8080) =>
        new(port, [count], count * TimeSpan.FromSeconds(seconds), TimeSpan.FromSeconds(seconds), TimeSpan.FromSeconds(1.05 * seconds));

    /// <summary>A ready pod of Deployment/web with probes, a preStop delay and a grace period that holds it.</summary>
    public static KubernetesPod Kubernetes(string name = "web") => new()
    {
        Namespace = "shop",
        Name = name,
        Uid = $"uid-{name}",
        Workload = new(WorkloadKinds.Deployment, "web"),
        WorkloadReplicas = 5,
        Phase = "Running",
        Ready = true,
        ReadyChangedAt = Noon - TimeSpan.FromHours(3),
        StartTime = Noon - TimeSpan.FromHours(3),
        TerminationGracePeriodSeconds = 210,
        Containers = [Container()],
    };

    /// <summary>So many things of one duration.</summary>
    public static DurationCounts Times(long number, int seconds) =>
        number == 0 ? DurationCounts.None : new([new((ushort)DurationCounts.StepOf(seconds), (int)number)]);

    public static KubernetesContainer Container() => new()
    {
        Name = "app",
        Ports = [8080],
        ReadinessProbe = new(ProbeKind.Http, 8080, 10, 1, 3),
        LivenessProbe = new(ProbeKind.Http, 8080, 10, 1, 3),
        HasPreStop = true,
        PreStopSleepSeconds = 120,
    };

    /// <summary>A healthy serving pod: five clients connected, the API server's fields known.</summary>
    public static PodSnapshot Serving(KubernetesPod? kubernetes = null, Listener? listener = null) => Pod(kubernetes?.Name ?? "web") with
    {
        Kubernetes = kubernetes ?? Kubernetes(),
        Listeners = [listener ?? Listener() with { Established = 5 }],
        Tcp = States((TcpState.Established, 5)),
        Counters = new() { ResetsSent = 0, AbortOnClose = 0, AbortOnData = 0, EstablishedResets = 0, ListenOverflows = 0, ListenDrops = 0, PassiveOpens = 100 },
        IsTracked = true,
    };

    public static KubernetesPod Terminating(this KubernetesPod pod, int secondsLeft) => pod with
    {
        DeletionTimestamp = Noon + TimeSpan.FromSeconds(secondsLeft),
        DeletionGracePeriodSeconds = pod.TerminationGracePeriodSeconds,
        Ready = false,
        ReadyChangedAt = Noon - TimeSpan.FromSeconds(5),
    };

    public static TcpStateCounts States(params (TcpState State, long Count)[] counts)
    {
        var numbers = new long[TcpStateCounts.Length];
        foreach (var (state, count) in counts)
        {
            numbers[(int)state] = count;
        }

        return new([.. numbers]);
    }

    public static HalfClosedConnection Connection(PodIdentity owner, TcpState state, int ageSeconds, TrackingState tracking = TrackingState.Tracked, int? expiresIn = null, ulong inode = 77) => new()
    {
        Owner = owner,
        Tuple = new(IpAddress.FromIPv4(0x0A000001), IpAddress.FromIPv4(0x0A000002), 8080, 40000),
        State = state,
        ClosedBy = state == TcpState.CloseWait ? ClosedBy.Peer : ClosedBy.Pod,
        Age = TimeSpan.FromSeconds(ageSeconds),
        SilentFor = TimeSpan.FromSeconds(ageSeconds),
        UnreadBytes = 0,
        Inode = inode,
        Process = inode == 0 ? null : new("node", 4711),
        Tracking = tracking,
        NeedsEntry = true,
        Entry = expiresIn is { } left ? new(ConntrackTableKind.Host, TcpConntrackState.CloseWait, TimeSpan.FromSeconds(left)) : null,
    };

    public static DiagnosisContext Alone(Snapshot snapshot, Thresholds? options = null) => new(snapshot, [], options ?? new());

    /// <summary>Snapshots an interval apart, the last one to be judged.</summary>
    public static DiagnosisContext InTurn(params Snapshot[] snapshots) => InTurn(Interval, snapshots);

    public static DiagnosisContext InTurn(TimeSpan interval, params Snapshot[] snapshots)
    {
        var timed = snapshots.Select((snapshot, index) => snapshot with { TakenAt = Noon + (index - snapshots.Length + 1) * interval }).ToImmutableArray();
        return new(timed[^1], timed[..^1], new());
    }

    public static Finding Only(IFindingRule rule, DiagnosisContext context) => Assert.Single(rule.Evaluate(context));
}
