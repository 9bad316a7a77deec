using System.Collections.Immutable;
using Agent.Core.Diagnosis;
using Agent.Core.Diagnosis.Rules;
using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Core.Reporting;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;

namespace Agent.Tests.Core.Reporting;

/// <summary>Made-up nodes: one with something of everything, one where nothing is wrong, one where nothing could be read.</summary>
internal static class ReportSamples
{
    public static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    public static readonly PodIdentity Web = new(PodKind.Pod, "shop", "web-7d4b9c6f5-x2x5p", "5d1f9e0a-0000-4000-8000-000000000001");
    public static readonly PodIdentity Cart = new(PodKind.Pod, "shop", "cart-0", "5d1f9e0a-0000-4000-8000-000000000002");
    public static readonly PodIdentity Evil = new(PodKind.Container, "", "container:\u001b[31mevil", "");

    public static ReportInput Rich(ReportOptions? options = null, bool window = false)
    {
        var now = RichSnapshot(Noon, 1);
        var once = new ReportInput(now, null, RichDiagnosis(), new(), options ?? new(), new("1.2.3", "0123abcd", ""));
        return window ? once with { Previous = RichSnapshot(Noon.AddSeconds(-10), 0) } : once;
    }

    /// <summary>As the running agent knows it: since when each finding holds, rates, and how old the scan is.</summary>
    public static ReportInput Followed()
    {
        var input = Rich(window: true);
        var since = new[] { Noon.AddMinutes(-12), Noon };
        return input with
        {
            Diagnosis = input.Diagnosis with { Findings = [.. input.Diagnosis.Findings.Select((finding, index) => finding with { FirstSeen = since[index] })] },
            Origin = ReportOrigin.Agent(TimeSpan.FromSeconds(7.31)),
        };
    }

    public static ReportInput Empty() => new(
        new()
        {
            TakenAt = Noon,
            Node = new("n2", "6.18.0", "", false),
            ScanDuration = TimeSpan.FromMilliseconds(12),
            Sources =
            [
                new(SourceNames.Conntrack, "netlink", SourceStatus.Ok, "", TimeSpan.FromMilliseconds(3), 0),
                new(SourceNames.Sockets, "sock_diag", SourceStatus.Ok, "", TimeSpan.FromMilliseconds(2), 0),
            ],
            Conntrack = new() { Entries = 0, Limit = 262_144, Flows = new() { Total = 0, TakenAt = Noon, Counts = [], ByProtocol = [], ByTcpState = [], HalfClosedSample = [], HalfClosed = new(0, 0, 0, 0, 0) } },
            Pods = [new() { Identity = PodIdentity.Host, IsTracked = true }],
            UnattributedHalfClosedSockets = 0,
        },
        null, new([], new(Verdict.Ok, "none of the known causes of failed requests is at work on this node")), new(), new(), new("1.2.3", "", ""));

    /// <summary>What an ordinary user without any right sees.</summary>
    public static Snapshot Unreadable() => new()
    {
        TakenAt = Noon,
        Node = new("n3", "6.18.0", "", false),
        ScanDuration = TimeSpan.FromMilliseconds(1),
        Sources =
        [
            new(SourceNames.Conntrack, "netlink", SourceStatus.Unavailable, "CAP_NET_ADMIN is missing", TimeSpan.Zero, 0),
            new(SourceNames.Sockets, "procfs", SourceStatus.Failed, "/proc is hidden (hidepid)", TimeSpan.Zero, 0),
        ],
        Pods = [],
    };

    public static Snapshot RichSnapshot(DateTimeOffset takenAt, ulong step) => new()
    {
        TakenAt = takenAt,
        Node = new("node-7", "6.18.5-cloud", "0f0e0d0c-0000-4000-8000-000000000000", false),
        ScanDuration = TimeSpan.FromMilliseconds(84.2),
        Sources =
        [
            new(SourceNames.Conntrack, "netlink", SourceStatus.Ok, "", TimeSpan.FromMilliseconds(61.5), 196_700),
            new(SourceNames.ConntrackStats, "netlink", SourceStatus.Ok, "", TimeSpan.FromMilliseconds(0.4), 8),
            new(SourceNames.Sysctl, "procfs", SourceStatus.Degraded, "pods' timeouts need CAP_SYS_ADMIN (setns): a pod that forgets sooner than the host is not seen", TimeSpan.FromMilliseconds(2), 27),
            new(SourceNames.Sockets, "sock_diag", SourceStatus.Ok, "", TimeSpan.FromMilliseconds(9), 1_204),
            new(SourceNames.Kubernetes, "api", SourceStatus.Unavailable, "the API server does not answer: workload, readiness and probes are unknown", TimeSpan.FromMilliseconds(1), 0),
        ],
        Conntrack = Table(step),
        HostSettings = Settings(("tcp_timeout_close_wait", 60), ("tcp_timeout_established", 86_400), ("tcp_timeout_fin_wait", 120), ("udp_timeout", 30), ("sctp_timeout_closed", 10), ("tcp_be_liberal", 0)),
        Pods = [WebPod(step), CartPod(), new() { Identity = PodIdentity.Host, Counters = new() { ResetsSent = 3 } }, new() { Identity = Evil, HalfClosed = new() { CloseWaitSockets = 1, ClosedByPeer = 1 } }],
        ConnectionEnds = new(1_234, 5, 0.4, TimeSpan.FromMinutes(12)),
        UnattributedHalfClosedSockets = 2,
        UnattributedHalfClosedFlows = new(1, 4, 2, 3, 0),
        Connections = [.. Enumerable.Range(0, 12).Select(WebConnection), CartConnection(), EvilConnection()],
    };

    public static DiagnosisResult RichDiagnosis() => new(
        [
            new()
            {
                Id = HalfClosedUntrackedRule.Id,
                Severity = Severity.Critical,
                Title = "shop/web-7d4b9c6f5-x2x5p: 3 half-closed connections are forgotten by conntrack, their answers are lost",
                Subject = FindingSubject.Of(Web),
                Evidence = ["3 of 12 half-closed sockets have no entry left.", "The oldest has been half-closed for 2m10s, the timeout is 60 s."],
                Why = "What the pod sends on such a connection leaves with the wrong address: the client never gets the answer.",
                Fix =
                [
                    new("kube-proxy flag", "--conntrack-tcp-timeout-close-wait=1h"),
                    new("sysctl on a node without kube-proxy", "sysctl -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600"),
                ],
                Reference = "https://github.com/kubernetes/kubernetes/issues/32551",
            },
            new()
            {
                Id = ConntrackTablePressureRule.Id,
                Severity = Severity.Warning,
                Title = "the conntrack table is 75% full",
                Subject = new(SubjectKind.Node, "", "node-7"),
                Evidence = ["196,700 of 262,144 entries."],
                Why = "With a full table new connections are dropped.",
                Fix = [new("sysctl", "net.netfilter.nf_conntrack_max=524288")],
                Reference = "https://docs.kernel.org/networking/nf_conntrack-sysctl.html",
            },
        ],
        new(Verdict.Critical, "shop/web-7d4b9c6f5-x2x5p: 3 half-closed connections are forgotten by conntrack (and 1 other finding)"));

    private static ConntrackSummary Table(ulong step) => new()
    {
        Entries = 196_700,
        Limit = 262_144,
        Buckets = 65_536,
        Flows = new()
        {
            Total = 196_700,
            TakenAt = Noon,
            Counts = [],
            ByProtocol = [new("tcp", "", 180_000), new("udp", "", 16_690), new("132", "", 10)],
            ByTcpState = [new("tcp", "established", 120_000), new("tcp", "time_wait", 58_000), new("tcp", "close_wait", 1_990), new("tcp", "fin_wait", 10)],
            HalfClosedSample =
            [
                Flow("10.0.0.9", 40_001, "10.96.0.10", 80, "10.244.1.5", 8080, TcpConntrackState.CloseWait, 12, TcpConntrackFlags.CloseInit, TcpConntrackFlags.None, null, Web),
                Flow("fd00::9", 40_002, "fd00::1", 443, "fd00::1", 443, TcpConntrackState.FinWait, null, TcpConntrackFlags.None, TcpConntrackFlags.CloseInit, null, null),
            ],
            HalfClosed = new(10, 1_990, 1_500, 480, 20),
        },
        Statistics = new() { Found = 10, Invalid = 1_532 + (step * 25), Insert = 0, InsertFailed = 2, Drop = 0, EarlyDrop = 77, Error = 0, SearchRestart = 5, ClashResolve = 0, ChainTooLong = 0 },
    };

    private static PodSnapshot WebPod(ulong step) => new()
    {
        Identity = Web,
        Kubernetes = new() { Namespace = "shop", Name = Web.Name, Uid = Web.Uid, Workload = new("Deployment", "web"), Ready = true, Phase = "Running", DeletionTimestamp = Noon.AddSeconds(10), DeletionGracePeriodSeconds = 30 },
        Addresses = [Address("10.244.1.5"), Address("fd00::105")],
        Ends = WebEnds(step),
        NamespaceInode = 4_026_532_777,
        IsTracked = true,
        OwnTableEntries = 0,
        HalfClosed = new()
        {
            CloseWaitSockets = 11,
            FinWait2Sockets = 1,
            ClosedByPeer = 11,
            ClosedByPod = 1,
            Oldest = TimeSpan.FromSeconds(130),
            Expiring = 2,
            Untracked = 3,
            UnreadBytes = 5_120,
            LeakedCloseWaitSockets = 4,
            Entries = Entries(ConntrackTableKind.Host, closeWait: 8, finWait: 1),
        },
        Tcp = States((TcpState.Established, 40), (TcpState.CloseWait, 11), (TcpState.FinWait2, 1), (TcpState.Listen, 1), (TcpState.TimeWait, 5), (TcpState.SynRecv, 1), (TcpState.NewSynRecv, 2)),
        Counters = new() { ResetsSent = 120 + (step * 40), EstablishedResets = 3, AbortOnData = 2, AbortOnClose = 1, AbortOnTimeout = 0, ListenOverflows = 0, ListenDrops = 0 },
        Listeners = [new() { Port = 8080, Address = default, Queued = 3, Backlog = 128, Established = 40, ClosedByPodFirst = 5, Idle = new(TimeSpan.FromSeconds(5), 40) }],
        Settings = Settings(("tcp_timeout_close_wait", 60), ("tcp_timeout_established", 86_400), ("tcp_timeout_fin_wait", 120), ("udp_timeout", 30), ("sctp_timeout_closed", 10), ("tcp_be_liberal", 0)),
    };

    private static EndsSummary WebEnds(ulong step) => new()
    {
        Watched = TimeSpan.FromMinutes(12),
        Server = new([.. EndNames.Kinds.Select(static kind => (long)kind * 10)]),
        Client = new([.. EndNames.Kinds.Select(static kind => kind == EndKind.PeerFirst ? 3L : 0)]),
        IdleCloses = [new(8080, [.. new long[5], 20, .. new long[8]], TimeSpan.FromSeconds(110), TimeSpan.FromSeconds(5.5), TimeSpan.FromSeconds(5.6))],
        RequestsLost = [new(EndRole.Server, LossCause.UnreadAtClose, 8080, 4 + (long)step, Noon.AddSeconds(-31.4))],
        LossUnknown = 1,
    };

    private static PodSnapshot CartPod() => new()
    {
        Identity = Cart,
        HalfClosed = new() { FinWait1Sockets = 1, ClosedByPod = 1 },
        Settings = Settings(("tcp_timeout_close_wait", 30)),
    };

    private static HalfClosedConnection WebConnection(int index) => new()
    {
        Owner = Web,
        Tuple = new(Address("10.244.1.5"), Address("10.0.0.9"), 8080, (ushort)(50_000 + index)),
        State = index == 11 ? TcpState.FinWait2 : TcpState.CloseWait,
        ClosedBy = index == 11 ? ClosedBy.Pod : ClosedBy.Peer,
        ConntrackClosedBy = index == 1 ? ClosedBy.Pod : ClosedBy.Unknown,
        Age = TimeSpan.FromSeconds(130 - (index * 10)),
        AgeIsMinimum = index == 2,
        UnreadBytes = (uint)(index * 100),
        Inode = index == 11 ? 0u : 77u,
        Process = index == 11 ? null : new("node", 4711),
        Tracking = index < 3 ? TrackingState.Untracked : index < 5 ? TrackingState.Expiring : TrackingState.Tracked,
        Entry = index < 3 ? null : new(ConntrackTableKind.Host, TcpConntrackState.CloseWait, TimeSpan.FromSeconds(index * 9)),
    };

    private static HalfClosedConnection CartConnection() => new()
    {
        Owner = Cart,
        Tuple = new(Address("fd00::106"), Address("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff"), 443, 61_000),
        State = TcpState.FinWait1,
        ClosedBy = ClosedBy.Pod,
        UnreadBytes = 0,
        Inode = 5,
        Tracking = TrackingState.NotTracked,
    };

    private static HalfClosedConnection EvilConnection() => new()
    {
        Owner = Evil,
        Tuple = new(Address("127.0.0.1"), Address("127.0.0.1"), 80, 1024),
        State = TcpState.CloseWait,
        ClosedBy = ClosedBy.Peer,
        UnreadBytes = 1,
        Inode = 6,
        Process = new("a|b`\u202e\n\u001b]0;x\u0007", 1),
        Tracking = TrackingState.Unknown,
    };

    private static HalfClosedFlow Flow(
        string initiator, ushort initiatorPort, string asked, ushort askedPort, string answered, ushort answeredPort,
        TcpConntrackState state, uint? timeout, TcpConntrackFlags original, TcpConntrackFlags reply, PodIdentity? initiatorPod, PodIdentity? responderPod) => new(
        new()
        {
            Original = new(Address(initiator), Address(asked), initiatorPort, askedPort),
            Reply = new(Address(answered), Address(initiator), answeredPort, initiatorPort),
            Protocol = 6,
            TcpState = state,
            TimeoutSeconds = timeout ?? 0,
            TcpFlagsOriginal = original,
            TcpFlagsReply = reply,
            Present = ConntrackFields.TcpState | ConntrackFields.TcpFlags | (timeout is null ? ConntrackFields.None : ConntrackFields.Timeout),
        },
        initiatorPod,
        responderPod);

    private static HalfClosedEntries Entries(ConntrackTableKind table, long closeWait, long finWait)
    {
        var counts = new long[HalfClosedEntries.Length];
        counts[HalfClosedEntries.IndexOf(table, true, ClosedBy.Peer)] = closeWait;
        counts[HalfClosedEntries.IndexOf(table, false, ClosedBy.Pod)] = finWait;
        return new([.. counts]);
    }

    private static TcpStateCounts States(params (TcpState State, long Count)[] states)
    {
        var counts = new long[TcpStateCounts.Length];
        foreach (var (state, count) in states)
        {
            counts[(int)state] = count;
        }

        return new([.. counts]);
    }

    private static NetfilterSettings Settings(params (string Name, long Value)[] values) => new(values.ToImmutableSortedDictionary(static pair => pair.Name, static pair => pair.Value));

    private static IpAddress Address(string text) => IpAddress.TryParse(text, out var address) ? address : throw new FormatException(text);
}
