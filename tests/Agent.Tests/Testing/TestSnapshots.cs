using System.Collections.Immutable;
using Agent.Core.Model;
using Agent.Kernel.ProcFs;
using Agent.Kernel.SockDiag;

namespace Agent.Tests.Testing;

/// <summary>Snapshots to start from; a test changes with <c>with</c> what it is about.</summary>
internal static class TestSnapshots
{
    public static readonly DateTimeOffset TakenAt = new(2026, 11, 21, 3, 0, 0, TimeSpan.Zero);

    public static Snapshot Of(params IEnumerable<PodSnapshot> pods) => new()
    {
        TakenAt = TakenAt,
        Node = new("node-1", "6.18.0", "", false),
        ScanDuration = TimeSpan.FromMilliseconds(42),
        Sources =
        [
            new(SourceNames.Conntrack, "netlink", SourceStatus.Ok, "", TimeSpan.FromMilliseconds(12), 100),
            new(SourceNames.Sockets, "sock_diag", SourceStatus.Ok, "", TimeSpan.FromMilliseconds(3), 50),
        ],
        Pods = [.. pods],
    };

    public static PodSnapshot Pod(string name, long closeWait = 0, ulong instance = 0, TcpCounters? counters = null, string podNamespace = "default", string? uid = null) => new()
    {
        Identity = new(PodKind.Pod, podNamespace, name, uid ?? $"uid-of-{name}"),
        NamespaceInode = instance,
        NamespaceInstance = instance,
        Counters = counters,
        HalfClosed = new() { CloseWaitSockets = closeWait },
        Tcp = Tcp((TcpState.CloseWait, closeWait)),
    };

    public static TcpStateCounts Tcp(params (TcpState State, long Count)[] counts)
    {
        var numbers = new long[TcpStateCounts.Length];
        foreach (var (state, count) in counts)
        {
            numbers[(int)state] = count;
        }

        return new([.. numbers]);
    }

    public static PodSnapshot OfWorkload(this PodSnapshot pod, string? workload) => pod with
    {
        Kubernetes = new() { Namespace = pod.Identity.Namespace, Name = pod.Identity.Name, Uid = pod.Identity.Uid, Workload = Workloads.Of(workload) },
    };

    public static Snapshot WithSource(this Snapshot snapshot, string name, string backend, SourceStatus status, string detail = "") => snapshot with
    {
        Sources = [.. snapshot.Sources.Where(source => source.Name != name), new SourceReport(name, backend, status, detail, TimeSpan.FromMilliseconds(1), 0)],
    };

    public static ImmutableSortedDictionary<string, long> Settings(params (string Name, long Value)[] settings) =>
        settings.ToImmutableSortedDictionary(static setting => setting.Name, static setting => setting.Value);
}
