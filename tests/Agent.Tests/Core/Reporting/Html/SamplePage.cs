using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Core.Reporting.Html;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;

namespace Agent.Tests.Core.Reporting.Html;

/// <summary>What a page is made from: a node in trouble with hostile names, a healthy one, and one where hardly anything could be read.</summary>
internal sealed record SamplePage(Snapshot Snapshot, DiagnosisResult Diagnosis, HtmlReportOptions Options)
{
    /// <summary>Where a pod, a process or a container may get its name from somebody hostile.</summary>
    public const string HostileName = "\"><script>alert(1)</script>'`&\u202egpj\u0007";

    public static readonly DateTimeOffset Time = new(2026, 1, 31, 17, 5, 9, TimeSpan.Zero);

    private static readonly PodIdentity s_leaky = new(PodKind.Pod, "shop", "checkout-7d9c5b8f6-x2x9k", "uid-1");
    private static readonly PodIdentity s_meshed = new(PodKind.Pod, "shop", "cart-5f7b9d-m4mzq", "uid-2");
    private static readonly PodIdentity s_hostile = new(PodKind.Container, "", HostileName, "");

    public static SamplePage Troubled()
    {
        var snapshot = Base() with
        {
            Pods = [Host(), Leaky(), Meshed(), Hostile(), .. Enumerable.Range(0, 12).Select(Quiet)],
            UnattributedHalfClosedSockets = 3,
            UnattributedHalfClosedFlows = new(1, 4, 2, 3, 0),
            Connections = [.. Enumerable.Range(0, 14).Select(Connection)],
            Conntrack = Table(entries: 241_117),
        };
        var diagnosis = new DiagnosisResult(
            [
                Finding("half-closed-untracked", Severity.Critical, "7 half-closed connections of shop/checkout-7d9c5b8f6-x2x9k are forgotten by conntrack", s_leaky),
                Finding("backend-closes-idle-first", Severity.Warning, "shop/cart-5f7b9d-m4mzq closes idle connections after 5 s, the load balancer after 10 min", s_meshed) with
                {
                    Evidence = ["Port 8080: the pod closed 41 idle connections by itself, at 23 moments, all after about 5s."],
                    Why = "The load balancer reuses a connection that the pod is just closing: that request fails with 502.",
                    Fix = [new("Node.js", "server.keepAliveTimeout = 620 * 1000; server.headersTimeout = (620 + 5) * 1000;")],
                },
                Finding("conntrack-table-pressure", Severity.Warning, "the conntrack table is 92% full", PodIdentity.Host) with
                {
                    Evidence = ["241,117 of 262,144 entries, 250 more a scan."],
                    Why = "A node that cannot track a connection drops its first packet.",
                    Fix = [new("sysctl", "sysctl -w net.netfilter.nf_conntrack_max=524288")],
                },
                Finding("probe-missing", Severity.Info, HostileName, s_hostile),
            ],
            new(Verdict.Critical, "7 connections lose their answers now: conntrack forgot them while checkout-7d9c5b8f6-x2x9k still holds them open"));
        var history = Enumerable.Range(0, 240).Select(static index => new SnapshotPoint(
            Time.AddSeconds((index - 239) * 15),
            index is > 100 and < 104 ? null : 20 + (long)(30 * Math.Sin(index / 30.0) + index / 4),
            index % 17 == 0 ? 4 : 1,
            Math.Max(0, index - 200) / 6,
            180_000 + (index * 250)));
        return new(snapshot, diagnosis, new() { Version = "1.2.3", Commit = "0123abc", History = [.. history] });
    }

    public static SamplePage Healthy() => new(
        Base() with { Pods = [Host(), .. Enumerable.Range(0, 3).Select(Quiet)], Conntrack = Table(entries: 1_204) },
        new([], new(Verdict.Ok, "no cause of failed requests is visible on this node")),
        new() { Version = "1.2.3" });

    /// <summary>No privilege, no kernel support: everything that may be null is null.</summary>
    public static SamplePage Unreadable() => new(
        Base() with
        {
            HostSettings = null,
            Pods = [],
            UnattributedHalfClosedSockets = null,
            Sources = [new(SourceNames.Conntrack, "netlink", SourceStatus.Unavailable, "CAP_NET_ADMIN is missing: entries are unknown", TimeSpan.Zero, 0)],
        },
        new([], new(Verdict.Unknown, "nothing could be read")),
        new() { Version = "1.2.3" });

    private static Snapshot Base() => new()
    {
        TakenAt = Time,
        Node = new("worker-3", "6.18.0-amd64", "11111111-2222-3333-4444-555555555555", false),
        ScanDuration = TimeSpan.FromMilliseconds(84),
        Sources =
        [
            new(SourceNames.Conntrack, "netlink", SourceStatus.Ok, "", TimeSpan.FromMilliseconds(48), 12_345),
            new(SourceNames.Sockets, "sock_diag", SourceStatus.Ok, "", TimeSpan.FromMilliseconds(6), 812),
            new(SourceNames.Namespaces, "procfs", SourceStatus.Degraded, "2 of 31 processes ended while they were read", TimeSpan.FromMilliseconds(11), 29),
            new(SourceNames.Kubernetes, "api", SourceStatus.Unavailable, "not in a cluster: workload, readiness and probes are unknown", TimeSpan.Zero, 0),
        ],
        HostSettings = Settings(closeWait: 3600),
        Pods = [],
        UnattributedHalfClosedSockets = 0,
    };

    private static NetfilterSettings Settings(long closeWait) => new(ImmutableSortedDictionary<string, long>.Empty
        .Add("tcp_timeout_close_wait", closeWait).Add("tcp_timeout_established", 86400).Add("tcp_timeout_fin_wait", 120)
        .Add("tcp_timeout_time_wait", 120).Add("udp_timeout", 30).Add("tcp_be_liberal", 0));

    private static PodSnapshot Host() => new()
    {
        Identity = PodIdentity.Host,
        HostNetwork = true,
        Tcp = States(established: 61),
        Counters = new() { ResetsSent = 1204, EstablishedResets = 3 },
        Listeners = [new() { Port = 10250, Address = default, Queued = 0, Backlog = 4096, Established = 4, ClosedByPodFirst = 0 }],
    };

    private static PodSnapshot Leaky() => new()
    {
        Identity = s_leaky,
        Kubernetes = new() { Namespace = "shop", Name = s_leaky.Name, Uid = "uid-1", Workload = new("Deployment", "checkout"), Ready = true, Phase = "Running" },
        HalfClosed = new() { CloseWaitSockets = 1043, FinWait2Sockets = 2, ClosedByPeer = 1043, ClosedByPod = 2, Oldest = TimeSpan.FromMinutes(123), Expiring = 12, Untracked = 7, UnreadBytes = 51_200, LeakedCloseWaitSockets = 980 },
        Tcp = States(established: 311),
        Counters = new() { ResetsSent = 88 },
        Listeners = [new() { Port = 8080, Address = default, Queued = 128, Backlog = 128, Established = 300, ClosedByPodFirst = 0, IdleClosesSeen = 0, IdleClosesByPeerSeen = 41, Idle = new(TimeSpan.FromSeconds(588), 300) }],
        Settings = Settings(closeWait: 3600),
    };

    private static PodSnapshot Meshed() => new()
    {
        Identity = s_meshed,
        Kubernetes = new() { Namespace = "shop", Name = s_meshed.Name, Uid = "uid-2", Workload = new("Deployment", "cart"), Ready = false, Phase = "Running" },
        HalfClosed = new()
        {
            CloseWaitSockets = 3,
            FinWait1Sockets = 1,
            Oldest = TimeSpan.FromSeconds(41),
            Expiring = 3,
            Entries = new([.. Enumerable.Range(0, HalfClosedEntries.Length).Select(static index => (long)index)]),
        },
        Tcp = States(established: 28),
        Counters = new() { ResetsSent = 14 },
        Listeners = [new() { Port = 3000, Address = default, Queued = 0, Backlog = 511, Established = 28, ClosedByPodFirst = 19, IdleClosesSeen = 17, IdleClosesByPeerSeen = 0, Idle = new(TimeSpan.FromSeconds(5.2), 1900) }],
        Settings = Settings(closeWait: 60),
        OwnTableEntries = 66,
    };

    private static PodSnapshot Hostile() => new() { Identity = s_hostile, HalfClosed = new() { CloseWaitSockets = 1, Oldest = TimeSpan.FromMilliseconds(350) } };

    private static PodSnapshot Quiet(int index) => new()
    {
        Identity = new(PodKind.Pod, "default", string.Create(CultureInfo.InvariantCulture, $"web-{index}"), ""),
        Tcp = States(established: index),
        Counters = new() { ResetsSent = 0 },
    };

    private static TcpStateCounts States(long established)
    {
        var counts = new long[TcpStateCounts.Length];
        counts[(int)TcpState.Established] = established;
        return new([.. counts]);
    }

    private static ConntrackSummary Table(long entries) => new()
    {
        Entries = entries,
        Limit = 262_144,
        Buckets = 65_536,
        Flows = new()
        {
            Total = entries,
            TakenAt = Time,
            Counts = [new("tcp", "established", entries / 2), new("tcp", "time_wait", entries / 4), new("tcp", "close_wait", entries / 8), new("udp", "", entries / 8), new("icmp", "", 3)],
            ByProtocol = [new("tcp", "", entries * 7 / 8), new("udp", "", entries / 8)],
            ByTcpState = [new("tcp", "established", entries / 2)],
            HalfClosedSample = [],
            HalfClosed = new(0, entries / 8, 0, 0, 0),
        },
        Statistics = new() { Found = 10, Invalid = 1532, InsertFailed = 2, Drop = 0, EarlyDrop = 77 },
    };

    private static HalfClosedConnection Connection(int index) => new()
    {
        Owner = index < 10 ? s_leaky : s_hostile,
        Tuple = new(Address("10.88.1.7"), Address(index % 3 == 0 ? "2001:db8::aaaa:bbbb:cccc:1" : "10.88.2.19"), 8080, (ushort)(40_000 + index)),
        State = index % 4 == 3 ? TcpState.FinWait2 : TcpState.CloseWait,
        ClosedBy = index % 4 == 3 ? ClosedBy.Pod : ClosedBy.Peer,
        ConntrackClosedBy = index == 5 ? ClosedBy.Pod : ClosedBy.Unknown,
        Age = index == 6 ? null : TimeSpan.FromSeconds(7000 / ((index * index) + 1)),
        AgeIsMinimum = index == 2,
        IdleBeforeClose = index % 2 == 0 ? TimeSpan.FromSeconds(index * 9) : null,
        UnreadBytes = (uint)index * 512,
        Inode = 1,
        Process = index < 10 ? new("java", 1337) : new(HostileName, 66),
        Tracking = (TrackingState)(index % 5),
        Entry = index % 5 is 2 or 3 ? new(index % 2 == 0 ? ConntrackTableKind.Host : ConntrackTableKind.Pod, TcpConntrackState.CloseWait, TimeSpan.FromSeconds(31 + index)) : null,
    };

    private static Finding Finding(string id, Severity severity, string title, PodIdentity subject) => new()
    {
        Id = id,
        Severity = severity,
        Title = title,
        Subject = FindingSubject.Of(subject),
        Evidence = ["7 CLOSE_WAIT sockets at port 8080 have no conntrack entry in the host's table.", "`nf_conntrack_tcp_timeout_close_wait` is 60 s there; the oldest of them is 2 h 3 min old."],
        Why = "What the pod sends next is not translated back any more: the client never gets the answer and times out.",
        Fix =
        [
            new("kube-proxy flag", "--conntrack-tcp-timeout-close-wait=1h"),
            new("sysctl on a node without kube-proxy", "sysctl -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600"),
            new("Node.js, without `allowHalfOpen`", "socket.on('end', () => socket.end());"),
        ],
        Reference = "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-proxy/",
    };

    private static IpAddress Address(string text) => IpAddress.TryParse(text, out var address) ? address : throw new FormatException(text);
}
