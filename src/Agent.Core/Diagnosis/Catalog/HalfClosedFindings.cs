using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Catalog;

/// <summary>Half-closed connections and what becomes of them.</summary>
internal static class HalfClosedFindings
{
    public static ImmutableArray<FindingExplanation> All { get; } =
    [
        new()
        {
            Id = FindingIds.HalfClosedExpiring,
            Title = "half-closed connections will outlive their conntrack entry",
            What = """
                One side has sent its FIN, the other still works on its answer, and conntrack's countdown for the connection is about to end. Every packet
                restarts the countdown; a silent computation of some minutes does not.
                """,
            Why = "When the entry ends before the answer comes, the answer is not translated and never reaches its client.",
            Seen = """
                The remaining time of the entries whose socket is still half-closed, under Diagnosis:ExpiringWithin. Info: only just half-closed.
                Warning: half-closed for at least ten seconds, or for half of the entry's time. When the timeout is shorter than recommended, close-wait-timeout-short is the cause.
                """,
            Needs = [SourceNames.Conntrack, SourceNames.Sockets],
            Checks =
            [
                new("entries and their remaining seconds", "conntrack -L -p tcp --state CLOSE_WAIT"),
                new("the sockets, with their age (lastack)", "nsenter --net=/proc/$PID/ns/net ss -tnpieH state close-wait state fin-wait-1 state fin-wait-2"),
            ],
            Fixes =
            [
                new("sysctl, for connections from now on", "sysctl -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600", FixPlace.NodeShell, FixReach.HostTable),
                new("kube-proxy flag", "--conntrack-tcp-timeout-close-wait=1h", FixPlace.WithKubeProxy, FixReach.HostTable),
            ],
            References =
            [
                "https://github.com/kubernetes/kubernetes/issues/32551",
                "https://docs.kernel.org/networking/nf_conntrack-sysctl.html",
            ],
        },
        new()
        {
            Id = FindingIds.HalfClosedUntracked,
            Title = "half-closed connections have lost their conntrack entry",
            What = """
                The socket still lives, its entry is gone. The next packet that it sends is not translated back: it leaves with the pod's address instead of the service's,
                and the client drops it or answers with a reset. The application sees a successful send.
                """,
            Why = "Whatever these connections still had to say is lost, silently: the client waits for a response that was sent.",
            Seen = """
                Half-closed sockets in a namespace whose connections are tracked, looked up one by one, without an entry. Critical; info when no process owns the socket any more, or when
                it is a leak that has outlived even the recommended timeout.
                """,
            Needs = [SourceNames.Conntrack, SourceNames.Sockets],
            Checks =
            [
                new("the sockets", "nsenter --net=/proc/$PID/ns/net ss -tnpeH state close-wait state fin-wait-2"),
                new("whether the tracker knows one", "conntrack -G -p tcp -s $SOURCE --sport $SPORT -d $DESTINATION --dport $DPORT"),
                new("the timeout", "sysctl net.netfilter.nf_conntrack_tcp_timeout_close_wait"),
            ],
            Fixes =
            [
                new("kube-proxy flag", "--conntrack-tcp-timeout-close-wait=1h", FixPlace.WithKubeProxy, FixReach.HostTable),
                new("sysctl on a node without kube-proxy", "sysctl -w net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600", FixPlace.NodeShell with { KubeProxy = false }, FixReach.HostTable),
                new("linkerd annotation on the pod template", "config.linkerd.io/close-wait-timeout: \"3600s\"", FixPlace.Pod with { Mesh = MeshProxy.Linkerd }, FixReach.PodTables),
            ],
            References =
            [
                "https://github.com/kubernetes/kubernetes/issues/32551",
                "https://github.com/linkerd/linkerd2/issues/4276",
            ],
        },
        new()
        {
            Id = FindingIds.CloseWaitLeak,
            Title = "the application never closes what its peers have closed",
            What = """
                A socket in CLOSE_WAIT waits for its own application: the peer has closed and the kernel has no time-out for it. Common reasons: a response body that is not read to its end
                or not closed, an error path that forgets the connection, a pool that does not notice, a thread that is stuck.
                """,
            Why = "Every such socket holds a descriptor and often a worker: when they run out, the pod accepts nothing any more and requests fail.",
            Seen = """
                CLOSE_WAIT sockets older than Diagnosis:LeakAge, with owner process, growth and unread bytes. Warning from Diagnosis:LeakCount;
                critical when there are as many more within minutes, or ten times as many. A proxy in the same pod that has passed the close on shows as FIN_WAIT2 towards the
                application that is named.
                """,
            Needs = [SourceNames.Sockets],
            Checks =
            [
                new("the sockets with their process", "nsenter --net=/proc/$PID/ns/net ss -tnpH state close-wait"),
                new("open descriptors against the limit", "ls /proc/$PID/fd | wc -l; grep 'open files' /proc/$PID/limits"),
                new("what the process does", "grep . /proc/$PID/task/*/wchan"),
            ],
            Fixes =
            [
                new("Go", "defer resp.Body.Close(); io.Copy(io.Discard, resp.Body)", FixPlace.Of(ServerRuntime.Go)),
                new("Node.js", "res.resume(); socket.on('end', () => socket.end());", FixPlace.Of(ServerRuntime.NodeJs)),
                new("Python (requests)", "with requests.get(url, stream=True, timeout=30) as response: ...", FixPlace.Of(ServerRuntime.Python)),
                new("Java", "try (CloseableHttpResponse response = client.execute(request)) { EntityUtils.consume(response.getEntity()); }", FixPlace.Of(ServerRuntime.Java)),
                new(".NET", "using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token);", FixPlace.Of(ServerRuntime.DotNet)),
                new("until it is repaired", "kubectl -n $NAMESPACE delete pod $POD", FixPlace.Pod),
            ],
            References =
            [
                "https://www.rfc-editor.org/rfc/rfc9293#section-3.6",
                "https://github.com/kubernetes/kubernetes/issues/97377",
            ],
        },
        new()
        {
            Id = FindingIds.FinWait2PileUp,
            Title = "peers never finish closing what the pod has closed",
            What = """
                A socket in FIN_WAIT2 waits for the peer's FIN. When the application has closed it completely the kernel forgets it after tcp_fin_timeout (60 s); when it has only shut down its
                sending side, it waits for ever. The peer is the one to repair: it sits in CLOSE_WAIT over there.
                """,
            Why = "The peers hold dead connections: a pool of theirs is full of them, and here each takes a port or a descriptor.",
            Seen = """
                FIN_WAIT2 sockets, from Diagnosis:LeakCount, that stay for ten seconds or more. Warning: ten times as many, or older than Diagnosis:LeakAge and still owned by a process. Info otherwise.
                When the other ends are sockets of a pod on this node that leaks, close-wait-leak is the cause.
                """,
            Needs = [SourceNames.Sockets],
            Checks =
            [
                new("the sockets and who the peers are", "nsenter --net=/proc/$PID/ns/net ss -tnpoH state fin-wait-2"),
                new("how long the kernel waits", "nsenter --net=/proc/$PID/ns/net sysctl net.ipv4.tcp_fin_timeout"),
            ],
            Fixes =
            [
                new("the peers' pods", "closewatch explain close-wait-leak"),
                new("pod spec, to wait for less", "securityContext: {sysctls: [{name: net.ipv4.tcp_fin_timeout, value: \"15\"}]}", FixPlace.Pod),
                new("Node.js, a server that waits for the other half", "http.createServer(handler).on('connection', socket => socket.setTimeout(60000, () => socket.destroy()));", FixPlace.Of(ServerRuntime.NodeJs)),
            ],
            References =
            [
                "https://docs.kernel.org/networking/ip-sysctl.html",
                "https://www.rfc-editor.org/rfc/rfc9293#section-3.6",
            ],
        },
        new()
        {
            Id = FindingIds.ConntrackNotAuthoritative,
            Title = "traffic bypasses conntrack",
            What = """
                Sockets are connected and the tracker knows none of them: an eBPF datapath (Cilium in place of kube-proxy), NOTRACK rules, or plain routing without any rule that needs tracking.
                Nothing is wrong with that. It only means that conntrack's timeouts and counters are not about this traffic.
                """,
            Why = "Conntrack's timeouts do not apply to this traffic, so look at the sockets, and at the datapath's own tables.",
            Seen = "Established sockets without any entry, in every pod whose connections could be looked up. Info.",
            Needs = [SourceNames.Conntrack, SourceNames.Sockets],
            Checks =
            [
                new("entries against sockets", "conntrack -C; ss -s"),
                new("NOTRACK rules", "iptables -t raw -S | grep -E 'NOTRACK|--notrack'; nft list ruleset | grep notrack"),
                new("Cilium's own tables", "kubectl -n kube-system exec ds/cilium -- cilium-dbg bpf ct list global"),
            ],
            Fixes =
            [
                new("Cilium, its own timeouts", "cilium config set bpf-ct-timeout-regular-tcp-fin 1h", FixPlace.Of(FixPlatform.Cilium)),
                new("closewatch, to leave the tracker alone", "closewatch run --Collection:Conntrack=off"),
            ],
            References = ["https://docs.cilium.io/en/stable/network/kubernetes/kubeproxy-free/"],
        },
    ];
}
