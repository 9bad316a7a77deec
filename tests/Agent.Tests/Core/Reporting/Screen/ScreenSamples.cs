using System.Collections.Immutable;
using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Core.Reporting;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;
using Agent.Tests.Core.Diagnosis;

namespace Agent.Tests.Core.Reporting.Screen;

/// <summary>Nodes as a person meets them, judged by the real rules; each is what one golden file shows.</summary>
internal static class ScreenSamples
{
    private static readonly BuildInfo s_tool = new("1.2.3", "0123abcd", "");

    /// <summary>Every source read, nothing found; one connection is just being closed.</summary>
    public static ReportInput Well()
    {
        var web = Pod("web-7d4b9c6f5-x2x5p", "web") with { HalfClosed = new() { CloseWaitSockets = 1, ClosedByPeer = 1, Oldest = TimeSpan.FromSeconds(0.3) } };
        return Judge(Given.Node(web, Pod("cart-5f7b9d-m4mzq", "cart")) with { Connections = [Connection(web, 0.3, "10.0.0.9")] }, []);
    }

    /// <summary>One pod leaks connections.</summary>
    public static ReportInput OneCause()
    {
        var mail = Leaking(Pod("mail-6c9d8f7b54-x2x5p", "mail"), 25);
        return Judge(Node(mail), [mail], Minutes(48));
    }

    /// <summary>Three causes, three pods: idle closes with lost requests, forgotten connections, a leak.</summary>
    public static ReportInput ThreeCauses()
    {
        var pay = Pod("pay-58d9c7d4f6-8xk2p", "pay") with
        {
            Listeners = [Given.Listener() with { Established = 12, ClosedByPodFirst = 9, IdleClosesSeen = 9, IdleClosesByPeerSeen = 0, IdleAtClose = TimeSpan.FromSeconds(5.5), IdleClosesAgree = true, Idle = new(TimeSpan.FromSeconds(5.3), 400, 20) }],
            Ends = new()
            {
                Watched = TimeSpan.FromMinutes(25),
                Server = new([.. Enumerable.Range(0, EndCounts.Length).Select(static kind => kind == (int)EndKind.ClosedFirstIdle ? 310L : 0)]),
                Client = EndCounts.None,
                IdleCloses =
                [
                    new(8080, [.. new long[5], 310, .. new long[8]], TimeSpan.FromMinutes(31), TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(6))
                    {
                        Events =
                        [
                            .. Enumerable.Range(1, 5).Select(static index => new IdleCloseEvent(
                                Given.Noon.AddSeconds(-10 * index), 2, TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(6))),
                        ],
                    },
                ],
                RequestsLost = [new(EndRole.Server, LossCause.AfterClose, 8080, 85, Given.Noon.AddSeconds(-3.5))],
            },
        };
        var cart = Pod("cart-5f7b9d-m4mzq", "cart") with
        {
            HalfClosed = new() { CloseWaitSockets = 12, ClosedByPeer = 12, Oldest = TimeSpan.FromSeconds(72), Untracked = 12, UntrackedLost = 12 },
        };
        var mail = Leaking(Pod("mail-6c9d8f7b54-x2x5p", "mail"), 25);
        var node = Node(pay, cart with { Addresses = [] }, mail, Pod("ngx-6d5f7-q2w3e", "ngx") with { Addresses = [Address("10.0.0.9")] }, Pod("web-7d4b9c6f5-x2x5p", "web") is var web
            ? web with { Kubernetes = web.Kubernetes! with { Containers = [Given.Container() with { ReadinessProbe = null, HasPreStop = false, PreStopSleepSeconds = null }] } }
            : null!);
        return Judge(
            node with
            {
                HostSettings = Given.Settings(60),
                ConnectionEnds = new(5_123, 0, 0.4, TimeSpan.FromMinutes(25)),
                Connections =
                [
                    .. Enumerable.Range(0, 12).Select(index => Connection(cart, 72 - index, "10.0.0.9", TrackingState.Untracked)),
                    .. node.Connections,
                ],
            },
            [mail],
            Minutes(25),
            Minutes(2),
            Minutes(48)) with
        { Options = new() { Caller = Caller.Plugin } };
    }

    /// <summary>The same leak in fifteen pods of two workloads.</summary>
    public static ReportInput FifteenPods()
    {
        PodSnapshot[] pods =
        [
            .. Enumerable.Range(0, 9).Select(static index => Leaking(Pod($"checkout-service-6b9f7c8d5f-k{index}x7q", "checkout-service"), 11 + index)),
            .. Enumerable.Range(0, 6).Select(static index => Leaking(Pod($"cart-5f7b9d-m{index}mzq", "cart"), 10 + index)),
        ];
        return Judge(Node(pods), pods, Minutes(3 * 60));
    }

    /// <summary>An agent that may not do half of what it should.</summary>
    public static ReportInput HalfBlind()
    {
        var mail = Leaking(Pod("mail-6c9d8f7b54-x2x5p", null), 25);
        return Judge(
            Node(mail) with
            {
                Conntrack = null,
                HostSettings = null,
                Sources =
                [
                    Given.Source(SourceNames.Conntrack, "netlink", SourceStatus.Unavailable, "CAP_NET_ADMIN is missing") with { Needs = SourceNeeds.NetAdmin },
                    Given.Source(SourceNames.ConntrackStats, "netlink", SourceStatus.Unavailable, "CAP_NET_ADMIN is missing") with { Needs = SourceNeeds.NetAdmin },
                    Given.Source(SourceNames.Sysctl, "procfs"),
                    Given.Source(SourceNames.Sockets, "sock_diag", SourceStatus.Degraded, "3 of 43 namespaces could not be entered") with { Needs = SourceNeeds.EnterNamespaces },
                    Given.Source(SourceNames.Namespaces, "procfs"),
                    Given.Source(SourceNames.Pods, "logs"),
                    Given.Source(SourceNames.Kubernetes, "api", SourceStatus.Failed, "the API server does not answer: workload, readiness and probes are unknown") with { Needs = SourceNeeds.ApiServerAnswer },
                ],
            },
            [mail]) with
        { Origin = ReportOrigin.Command(TimeSpan.Zero, "no agent runs at 127.0.0.1:9742") };
    }

    /// <summary>A Linux machine without pods: a database that forgets to close, and a network namespace.</summary>
    public static ReportInput NoKubernetes()
    {
        var host = Leaking(new() { Identity = PodIdentity.Host, Listeners = [Given.Listener(5432)], IsTracked = true }, 14, 5432);
        var blue = new PodSnapshot { Identity = new(PodKind.NetworkNamespace, "", "netns:blue", "") };
        var node = Node(host, blue);
        node = node with { Connections = [.. node.Connections.Select(static leak => leak with { Process = new("java", 2114) })] };
        return Judge(
            node with
            {
                Place = new() { KubeProxy = false, Cilium = false, OperatingSystem = "debian", AgentInPod = false },
                Sources =
                [
                    .. node.Sources.Where(static source => source.Name is not SourceNames.Kubernetes and not SourceNames.Pods),
                    Given.Source(SourceNames.Pods, "logs", SourceStatus.Unavailable, "no pods"),
                    Given.Source(SourceNames.Kubernetes, "api", SourceStatus.Unavailable, "not in a cluster"),
                ],
            },
            [host],
            Minutes(7));
    }

    private static DateTimeOffset Minutes(int ago) => Given.Noon.AddMinutes(-ago);

    /// <param name="current">The snapshot to judge.</param>
    /// <param name="grown">Owners that had no leak in the scan before.</param>
    /// <param name="since">Since when the causes hold, in the order of the report; the last one for the rest.</param>
    private static ReportInput Judge(Snapshot current, PodSnapshot[] grown, params DateTimeOffset[] since)
    {
        var earlier = current with
        {
            TakenAt = current.TakenAt.AddMinutes(-10),
            Pods =
            [
                .. current.Pods.Select(pod => pod with
                {
                    HalfClosed = grown.Contains(pod) ? HalfClosedSummary.None : pod.HalfClosed,
                    Ends = pod.Ends is null ? null : pod.Ends with { RequestsLost = [] },
                }),
            ],
        };
        var result = DiagnosisEngine.Evaluate(new(current, [earlier], new()));
        var groups = FindingGroups.Causes(result.Findings);
        ImmutableArray<Finding> dated = since.Length == 0 ? result.Findings :
        [
            .. result.Findings.Select(finding => finding with
            {
                FirstSeen = since[Math.Min(since.Length - 1, Math.Max(0, groups.ToList().FindIndex(group => group.Worst.Id == finding.Id)))],
            }),
        ];
        return new(current, null, result with { Findings = dated }, new(), new(), s_tool) { Origin = ReportOrigin.Agent(TimeSpan.FromSeconds(5)) };
    }

    private static Snapshot Node(params PodSnapshot[] pods) => Given.Node(pods) with
    {
        Node = new("worker-3", "6.18.0", "boot-1", false),
        Place = new() { KubeProxy = true, Cilium = false, OperatingSystem = "ubuntu", AgentInPod = true, AgentPod = "closewatch/closewatch-x7k2p" },
        Connections = [.. pods.Where(static pod => pod.HalfClosed.LeakedCloseWaitSockets > 0).SelectMany(Leaks)],
    };

    private static PodSnapshot Pod(string name, string? workload) => Given.Pod(name) with
    {
        Listeners = [Given.Listener()],
        IsTracked = true,
        Programs = ["pause", "node"],
        Kubernetes = workload is null ? null : Given.Kubernetes(name) with { Workload = new(WorkloadKinds.Deployment, workload), WorkloadReplicas = 40 },
    };

    private static PodSnapshot Leaking(PodSnapshot pod, int count, ushort port = 9090) => pod with
    {
        Listeners = [Given.Listener(port)],
        HalfClosed = new() { CloseWaitSockets = count, ClosedByPeer = count, LeakedCloseWaitSockets = count, Oldest = TimeSpan.FromMinutes(48), UnreadBytes = count * 100L },
    };

    private static IEnumerable<HalfClosedConnection> Leaks(PodSnapshot pod) => Enumerable
        .Range(0, (int)pod.HalfClosed.LeakedCloseWaitSockets)
        .Select(index => Connection(pod, 2880 - (index * 30), "10.0.0.7", TrackingState.Tracked, new("java", 1)));

    private static HalfClosedConnection Connection(
        PodSnapshot pod, double age, string peer, TrackingState tracking = TrackingState.Tracked, OwnerProcess? process = null) => new()
        {
            Owner = pod.Identity,
            Tuple = new(Address("10.244.1.5"), Address(peer), pod.Listeners[0].Port, (ushort)(40_000 + (int)age)),
            State = TcpState.CloseWait,
            ClosedBy = ClosedBy.Peer,
            Age = TimeSpan.FromSeconds(age),
            UnreadBytes = 0,
            Inode = 77,
            Process = process ?? new("node", 4711),
            Tracking = tracking,
        };

    private static IpAddress Address(string text) => IpAddress.TryParse(text, out var address) ? address : throw new ArgumentException(text);
}
