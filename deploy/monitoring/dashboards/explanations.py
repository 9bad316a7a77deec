"""What each finding says, for the panel that the findings link to. docs/findings.md has the whole story."""

FINDINGS = {
    "close-wait-timeout-short": "Conntrack forgets half-closed connections sooner than recommended, on the node or in a pod's own network namespace (kernel 60 s, kube-proxy 1 h, a mesh's own). Raise `nf_conntrack_tcp_timeout_close_wait`.",
    "half-closed-expiring": "Half-closed connections are about to outlive their conntrack entries.",
    "half-closed-untracked": "Half-closed sockets whose entry is gone: what they still send is not translated, the client times out.",
    "close-wait-leak": "The application never closes what its peers closed. It ends out of file descriptors.",
    "fin-wait2-pile-up": "Peers never finish closing what the pod closed.",
    "backend-closes-idle-first": "The pod closes idle connections sooner than what is in front of it: requests race with the close and fail with 502. Make the pod's keep-alive longer.",
    "reset-on-reuse": "Requests arrived on connections that the pod had already closed and were answered with resets: the 502 happened.",
    "upstream-closes-idle-first": "What the pod calls closes idle connections sooner than the pod's own pool drops them: the pod's requests meet the close.",
    "established-timeout-short": "Conntrack forgets idle established connections sooner than the load balancer in front: the next request is reset.",
    "requests-lost": "Requests got no answer because their connection ended, and no other finding says why.",
    "conntrack-table-pressure": "The conntrack table is nearly full.",
    "conntrack-drops": "The tracker refused or dropped connections.",
    "snat-port-pressure": "So many connections to one destination and port that source ports run out.",
    "conntrack-invalid-packets": "Packets were judged invalid; kube-proxy's rules drop them.",
    "listen-queue-overflow": "The pod is too busy to accept: connect time-outs, failing probes.",
    "time-wait-overflow": "Connections end without TIME_WAIT because its table is full: what is still on its way is reset.",
    "terminating-with-connections": "A terminating pod still has, or still gets, connections.",
    "connections-lost-at-termination": "A pod ended with connections open.",
    "termination-unprepared": "A serving pod has no preStop delay, or too short a grace period.",
    "pod-not-ready": "A pod is not ready: one backend less.",
    "readiness-flapping": "A pod changes between ready and not ready.",
    "probe-missing": "A serving pod has no readiness or liveness probe.",
    "container-restarting": "Containers restart; each restart drops their connections.",
    "replicas-colocated": "All replicas of a workload are on one node.",
    "conntrack-not-authoritative": "The node's traffic bypasses nf_conntrack (eBPF datapath, NOTRACK): only the socket view counts.",
    "sysctl-conflict": "Another writer changed a value that the agent had set.",
    "source-unavailable": "Something could not be read: what depends on it is unknown, not healthy.",
}


def markdown():
    lines = ["| finding | says |", "| --- | --- |"]
    lines += ["| `%s` | %s |" % pair for pair in FINDINGS.items()]
    return "\n".join(lines + ["", "Evidence and fix on a node: `kubectl closewatch report NODE`; everything about one finding: `closewatch explain FINDING`, or docs/findings.md."])
