using Agent.Core.Model;
using Agent.Kernel.Net;
using Agent.Kernel.ProcFs;
using Agent.Kernel.SockDiag;
using Agent.Tests.Testing;

namespace Agent.Tests.Core.Metrics;

/// <summary>A snapshot in which much is going on.</summary>
internal static class Sample
{
    public static Snapshot Snapshot { get; } = Create();

    private static Snapshot Create()
    {
        var entries = Enumerable.Range(1, HalfClosedEntries.Length).Select(static number => (long)number);
        var web = TestSnapshots.Pod("web", closeWait: 12, counters: new TcpCounters { ResetsSent = 4, EstablishedResets = 2, AbortOnData = 1, AbortOnClose = 0, AbortOnTimeout = 3, ListenOverflows = 5, ListenDrops = 6 }) with
        {
            Ends = EndMetricsTests.Ends(idleCloses: 7, lost: 2),
            HalfClosed = new() { CloseWaitSockets = 12, FinWait2Sockets = 1, Entries = new([.. entries]), Oldest = TimeSpan.FromSeconds(61.5), Expiring = 2, Untracked = 1 },
            Tcp = TestSnapshots.Tcp((TcpState.Established, 40), (TcpState.CloseWait, 12), (TcpState.FinWait2, 1), (TcpState.Listen, 1)),
            Settings = new(TestSnapshots.Settings(("tcp_timeout_close_wait", 60))),
            Listeners = [new() { Port = 8080, Address = IpAddress.TryParse("::", out var any) ? any : default, Queued = 1, Backlog = 511, Established = 40, ClosedByPodFirst = 3, Idle = new(TimeSpan.FromSeconds(5.2), 100) }],
        };
        return TestSnapshots.Of(web) with
        {
            HostSettings = new(TestSnapshots.Settings(("tcp_timeout_close_wait", 3600), ("udp_timeout", 30))),
            ConnectionEnds = new(1000, 3, 0.4, TimeSpan.FromMinutes(5)),
            UnattributedHalfClosedSockets = 0,
            UnattributedHalfClosedFlows = new(1, 2, 1, 1, 1),
            Conntrack = new() { Entries = 300, Limit = 262144, Buckets = 65536, Statistics = new() { Found = 1, Invalid = 2, Insert = 3, InsertFailed = 4, Drop = 5, EarlyDrop = 6, Error = 7, SearchRestart = 8, ClashResolve = 9, ChainTooLong = 10 } },
        };
    }
}
