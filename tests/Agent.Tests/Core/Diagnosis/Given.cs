using System.Collections.Immutable;
using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Kernel.Conntrack;
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
        new ConntrackFlow { TcpState = TcpConntrackState.CloseWait, TimeoutSeconds = secondsLeft, Present = ConntrackFields.Timeout },
        null,
        null);

    public static DiagnosisContext Alone(Snapshot snapshot, DiagnosisOptions? options = null) => new(snapshot, [], options ?? new());

    /// <summary>Snapshots an interval apart, the last one to be judged.</summary>
    public static DiagnosisContext InTurn(params Snapshot[] snapshots) => InTurn(Interval, snapshots);

    public static DiagnosisContext InTurn(TimeSpan interval, params Snapshot[] snapshots)
    {
        var timed = snapshots.Select((snapshot, index) => snapshot with { TakenAt = Noon + (index - snapshots.Length + 1) * interval }).ToImmutableArray();
        return new(timed[^1], timed[..^1], new());
    }

    public static ImmutableArray<Finding> Findings(IFindingRule rule, DiagnosisContext context) => [.. rule.Evaluate(context)];

    public static Finding Only(IFindingRule rule, DiagnosisContext context) => Assert.Single(rule.Evaluate(context));
}
