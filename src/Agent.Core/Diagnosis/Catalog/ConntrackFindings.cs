using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Catalog;

/// <summary>Causes that lie in connection tracking.</summary>
internal static class ConntrackFindings
{
    public static ImmutableArray<FindingExplanation> All { get; } =
    [
        new()
        {
            Id = FindingIds.CloseWaitTimeoutShort,
            Title = "conntrack forgets half-closed connections too soon",
            What = """
                When one side of a connection has sent its FIN, conntrack starts a countdown of nf_conntrack_tcp_timeout_close_wait.
                The other side may still be working on its answer. When the countdown ends first, the entry and its address
                translation are gone: the answer leaves with the wrong address and never arrives. The kernel's default is 60 s.
                kube-proxy sets 3600 s, in the node's network namespace only; a pod's own namespace (a service mesh uses it) keeps 60 s.
                """,
            Why = "A response that takes longer than this timeout after its client has half-closed is lost: the client waits until it times out, the load balancer says 502.",
            Seen = """
                The timeout of the host's namespace, and of every pod namespace that tracks connections, against Diagnosis:CloseWaitTimeout.
                Info: the setting alone, and with connections that the application leaks (close-wait-leak) or that nothing tracks. Warning: half-closed connections stay open
                there. Critical: a half-closed socket has already lost its entry.
                """,
            Needs = [SourceNames.Sysctl],
            Checks =
            [
                new("the host's timeout", "sysctl net.netfilter.nf_conntrack_tcp_timeout_close_wait"),
                new("a pod's own timeout", "nsenter --net=/proc/$PID/ns/net sysctl net.netfilter.nf_conntrack_tcp_timeout_close_wait"),
                new("half-closed connections and their remaining time", "conntrack -L -p tcp --state CLOSE_WAIT"),
                new("what kube-proxy was told", "curl -s http://127.0.0.1:10249/configz | grep -o '\"tcpCloseWaitTimeout\":\"[^\"]*\"'"),
            ],
            Fixes =
            [
                new("kube-proxy flag", "--conntrack-tcp-timeout-close-wait=1h", FixPlace.WithKubeProxy, FixReach.HostTable),
                new("kube-proxy configuration", "conntrack: {tcpCloseWaitTimeout: 1h0m0s}", FixPlace.WithKubeProxy, FixReach.HostTable),
                new("sysctl on a node without kube-proxy", "sysctl -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600", FixPlace.NodeShell with { KubeProxy = false }, FixReach.HostTable),
                new("linkerd annotation on the pod template", "config.linkerd.io/close-wait-timeout: \"3600s\"", FixPlace.Pod with { Mesh = MeshProxy.Linkerd }, FixReach.PodTables),
                new("closewatch", "closewatch sysctl plan --Remediation:Scope=host+pods", FixPlace.Anywhere, FixReach.HostTable | FixReach.PodTables),
            ],
            References =
            [
                "https://github.com/kubernetes/kubernetes/issues/32551",
                "https://github.com/linkerd/linkerd2/issues/3605",
                "https://docs.kernel.org/networking/nf_conntrack-sysctl.html",
            ],
        },
        new()
        {
            Id = FindingIds.ConntrackTablePressure,
            Title = "the conntrack table is nearly full",
            What = """
                The table holds at most nf_conntrack_max entries. When it is full, the kernel drops an unassured entry to make room,
                and when it finds none, it drops the packet: new connections time out, to any pod of the node.
                """,
            Why = "With a full table new connections are dropped at random: connect time-outs and 502s for every pod of the node.",
            Seen = """
                Entries over limit, and early drops. Warning from Diagnosis:TablePressureWarning (0.75); critical from
                Diagnosis:TablePressureCritical (0.90) or when entries were dropped early since the last scan.
                """,
            Needs = [SourceNames.Conntrack],
            Checks =
            [
                new("entries and limit", "sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max"),
                new("what fills it", "conntrack -L -p tcp 2>/dev/null | awk '{print $4}' | sort | uniq -c | sort -rn"),
                new("drops", "conntrack -S"),
                new("the kernel's complaint", "dmesg | grep 'nf_conntrack: table full'"),
            ],
            Fixes =
            [
                new("kube-proxy flags", "--conntrack-max-per-core=65536 --conntrack-min=262144", FixPlace.WithKubeProxy, FixReach.HostTable),
                new("sysctl", "sysctl -w net.netfilter.nf_conntrack_max=$LIMIT", FixPlace.NodeShell, FixReach.HostTable),
                new("sysctl, when established entries of dead peers fill it", "sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=86400", FixPlace.NodeShell, FixReach.HostTable),
            ],
            References =
            [
                "https://docs.kernel.org/networking/nf_conntrack-sysctl.html",
                "https://github.com/kubernetes/kubernetes/issues/97377",
            ],
        },
        new()
        {
            Id = FindingIds.ConntrackDrops,
            Title = "the tracker refuses or drops connections",
            What = """
                Each counter is another reason. drop: no room for a new entry. early_drop: an entry was thrown out to make room.
                insert_failed: two packets raced to create the same entry, or no free port was left for masquerading; one packet was dropped.
                """,
            Why = "Every refused insertion is a packet lost: a connection that takes seconds longer to open, or a DNS query that times out.",
            Seen = """
                Increments of the counters between scans. Critical: drop rises by more than insert_failed, whose packets it counts too. Warning: early_drop rises, or insert_failed rises by at least one a second.
                Info: fewer than that, or, in a single scan, totals since boot.
                """,
            Needs = [SourceNames.ConntrackStats],
            Checks =
            [
                new("the counters for each CPU", "conntrack -S"),
                new("the same without the tool", "cat /proc/net/stat/nf_conntrack"),
            ],
            Fixes =
            [
                new("sysctl, when drop or early_drop rises", "sysctl -w net.netfilter.nf_conntrack_max=$LIMIT", FixPlace.NodeShell, FixReach.HostTable),
                new("masquerading, when insert_failed rises", "iptables -t nat -A POSTROUTING -j MASQUERADE --random-fully   # all ports, at random, as kube-proxy does since 1.16; no --to-ports", FixPlace.NodeShell),
                new("DNS, when insert_failed rises", "options: [{name: single-request-reopen}]   # in the pod's dnsConfig, or run NodeLocal DNSCache", FixPlace.Pod),
            ],
            References =
            [
                "https://docs.kernel.org/networking/nf_conntrack-sysctl.html",
                "https://github.com/kubernetes/kubernetes/issues/56903",
            ],
        },
        new()
        {
            Id = FindingIds.ConntrackInvalidPackets,
            Title = "packets are judged invalid",
            What = """
                A packet that fits no tracked connection, or lies outside its window, is marked INVALID. kube-proxy's rules drop such packets;
                without them they pass untranslated and the receiver answers with a reset.
                """,
            Why = "A dropped or untranslated packet of a living connection stalls or resets it: uploads that hang, 'connection reset by peer'.",
            Seen = """
                Increments of the invalid counter between scans, with nf_conntrack_tcp_be_liberal. Warning: at least one a second while tcp_be_liberal is 0.
                Info: fewer, or, in a single scan, the total since boot. A few are normal: late packets of closed connections.
                """,
            Needs = [SourceNames.ConntrackStats],
            Checks =
            [
                new("the counter", "conntrack -S | grep -o 'invalid=[0-9]*'"),
                new("the setting", "sysctl net.netfilter.nf_conntrack_tcp_be_liberal"),
                new("which packets, in the kernel log", "sysctl -w net.netfilter.nf_conntrack_log_invalid=6"),
                new("what kube-proxy drops", "iptables -t filter -L KUBE-FORWARD -v -n | grep INVALID"),
            ],
            Fixes =
            [
                new("sysctl", "sysctl -w net.netfilter.nf_conntrack_tcp_be_liberal=1", FixPlace.NodeShell, FixReach.HostTable),
                new("kube-proxy configuration (1.29 or newer)", "conntrack: {tcpBeLiberal: true}", FixPlace.WithKubeProxy with { FromKubernetesMinor = 29 }, FixReach.HostTable),
            ],
            References =
            [
                "https://github.com/kubernetes/kubernetes/issues/74839",
                "https://docs.kernel.org/networking/nf_conntrack-sysctl.html",
            ],
        },
    ];
}
