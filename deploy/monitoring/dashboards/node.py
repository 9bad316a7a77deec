"""Closewatch / Node: everything about one node, by pod."""

from layout import annotation, choice, dashboard
from panels import (AMBER, BAD, BLUE, EXPLAIN, EXPLAIN_PUBLISHED, FULL, NODE, OF_RECOMMENDED, SUSPECT, bars, history, row, series, stat, table)

AGENT = 'job=~"$job", cluster=~"$cluster", node=~"$node"'
PODS = AGENT + ', namespace=~"$namespace", pod=~"$pod"'
BY_POD = "sum by (namespace, pod)"
OF_AGENTS = "and on (job, instance) closewatch_build_info"
POD = "{{namespace}}/{{pod}}"
UPSTREAM = choice("upstream", "In front", "What is in front of the pods, and how long it keeps idle connections",
                  [("Google Cloud LB 10 min", "600"), ("AWS ALB 1 min", "60"), ("AWS NLB 350 s", "350"), ("Azure LB 4 min", "240"), ("nginx or HAProxy 1 min", "60"), ("Envoy 1 h", "3600")])


def total(metric, labels=PODS):
    return "sum(%s{%s}) or vector(0)" % (metric, labels)


def by_pod(metric, extra=""):
    return ("%s (%s{%s%s})" % (BY_POD, metric, PODS, extra), POD)


def pod_rate(metric, extra=""):
    return ("%s (rate(%s{%s%s}[$__rate_interval])) > 0" % (BY_POD, metric, PODS, extra), POD)


def rate(metric):
    return "sum(rate(%s{%s}[$__rate_interval]))" % (metric, AGENT)


OVERVIEW = [
    stat("Critical findings", "Causes that make requests fail now.", total("closewatch_finding", PODS + ', severity="critical"'), steps=BAD),
    stat("Warnings", "Causes that will make requests fail.", total("closewatch_finding", PODS + ', severity="warning"'), steps=SUSPECT),
    stat("Half-closed sockets", "One side has closed, the other has not.", total("closewatch_pod_half_closed_sockets")),
    stat("Oldest", "How long the oldest half-closed socket has been waiting.", "max(closewatch_pod_half_closed_oldest_seconds{%s}) or vector(0)" % PODS, unit="s"),
    stat("Untracked", "Half-closed sockets that conntrack has forgotten: their answers are lost.", total("closewatch_pod_half_closed_untracked_sockets"), steps=BAD),
    stat("Expiring", "Half-closed connections whose conntrack entry runs out within a minute.", total("closewatch_pod_half_closed_expiring_connections"), steps=SUSPECT),
    stat("Table use", "Conntrack entries over limit.", "max(closewatch_conntrack_entries{%s} / (closewatch_conntrack_entries_limit{%s} > 0))" % (AGENT, AGENT), unit="percentunit", steps=FULL,
         empty="not readable"),
    stat("Close-wait timeout", "How long conntrack on the node remembers a half-closed connection, as a share of what is recommended.",
         'max(closewatch_conntrack_timeout_seconds{%s, timeout="tcp_close_wait"}) / max(closewatch_conntrack_recommended_timeout_seconds{%s, timeout="tcp_close_wait"})' % (AGENT, AGENT),
         unit="percentunit", steps=OF_RECOMMENDED, empty="not readable"),
]

FINDINGS = [
    row("Findings"),
    table("Findings", "What the agent finds. Click a finding for its meaning; evidence and fix: kubectl closewatch report $node.",
          "max by (severity, finding, namespace, pod) (closewatch_finding{%s})" % PODS, [],
          empty="No finding: nothing on this node makes requests fail as far as the agent can see", links={"finding": [EXPLAIN, EXPLAIN_PUBLISHED]}, height=7),
]

HALF_CLOSED = [
    row("Half-closed connections by pod"),
    series("Half-closed sockets", "CLOSE_WAIT, FIN_WAIT1 and FIN_WAIT2 of each pod.", by_pod("closewatch_pod_half_closed_sockets"), stacked=True, width=8, empty="no half-closed socket"),
    series("By state", "CLOSE_WAIT: the peer closed first and the pod has not. FIN_WAIT: the pod closed first and the peer has not.",
           ("sum by (state) (closewatch_pod_half_closed_sockets{%s})" % PODS, "{{state}}"), stacked=True, width=8, empty="no half-closed socket"),
    series("Conntrack entries by closer", "Half-closed entries by who closed first, from the pod's point of view, and by table: the node's or the pod's own.",
           ("sum by (table, closed_by) (closewatch_pod_half_closed_connections{%s})" % PODS, "closed by {{closed_by}}, {{table}} table"), stacked=True, width=8,
           empty="no half-closed entry"),
    series("Oldest", "Age of each pod's oldest half-closed socket. A line that rises by a second a second is a connection that nobody closes.",
           ("max by (namespace, pod) (closewatch_pod_half_closed_oldest_seconds{%s})" % PODS, POD), unit="s", width=8, empty="no half-closed socket"),
    series("Expiring", "Connections whose entry runs out within a minute while the socket lives.", by_pod("closewatch_pod_half_closed_expiring_connections"), width=8, stacked=True,
           empty="none: no entry runs out early"),
    series("Untracked", "Sockets whose entry is gone: the next packet is not translated.", by_pod("closewatch_pod_half_closed_untracked_sockets"), width=8, stacked=True,
           empty="none: conntrack remembers every half-closed connection"),
    series("Not attributed to a pod", "Half-closed sockets that belong to nobody known, and entries with neither end on this node.",
           [("sum by (state) (closewatch_unattributed_half_closed_sockets{%s})" % AGENT, "sockets {{state}}"),
            ("sum by (state) (closewatch_unattributed_half_closed_connections{%s})" % AGENT, "entries {{state}}")], width=12, height=7, empty="everything is attributed"),
    series("TCP sockets by state", "All sockets of the selected pods.", ("sum by (state) (closewatch_pod_tcp_sockets{%s})" % PODS, "{{state}}"), width=12, height=7, stacked=True,
           empty="no socket could be read"),
]

IDLE = [
    row("Idle connections and resets"),
    bars("Longest idle time at a port", "A value that stays at some seconds is the server's keep-alive. It should not be below what is in front ($upstream s).",
         [("max by (namespace, pod, port) (closewatch_pod_idle_ceiling_seconds{%s})" % PODS, POD + ":{{port}}"), ("vector($upstream)", "in front")],
         unit="s", width=8, empty="no idle connection seen"),
    series("Closed first by the pod", "Sockets in TIME_WAIT at a port that the pod serves: it closed these first. Probes and short requests do this too.",
           ("sum by (namespace, pod, port) (closewatch_pod_closed_first_sockets{%s})" % PODS, POD + ":{{port}}"), width=8, empty="no pod closes first"),
    series("Resets sent", "A second, by pod.", pod_rate("closewatch_pod_tcp_resets_sent_total"), unit="cps", width=8, empty="no pod sends resets"),
    series("Established connections reset", "A second, by pod: reset by either side.", pod_rate("closewatch_pod_tcp_established_resets_total"), unit="cps", width=8, empty="no connection is reset"),
    series("Aborts by reason", "A second: closed with unread data, data after the close, time-out.",
           ("sum by (reason) (rate(closewatch_pod_tcp_aborts_total{%s}[$__rate_interval]))" % PODS, "{{reason}}"), unit="cps", width=8, empty="no counters could be read"),
    series("Accept queue overflows and drops", "A second: connections that found the queue full, or were dropped at a listening port.",
           [("sum(rate(closewatch_pod_listen_overflows_total{%s}[$__rate_interval]))" % PODS, "overflows"), ("sum(rate(closewatch_pod_listen_drops_total{%s}[$__rate_interval]))" % PODS, "drops")],
           unit="cps", width=8, empty="no counters could be read"),
    series("Accept queue use", "Connections that wait to be accepted, over the limit.",
           ("sum by (namespace, pod, port) (closewatch_pod_accept_queue_length{%s}) / sum by (namespace, pod, port) (closewatch_pod_accept_queue_limit{%s} > 0)" % (PODS, PODS), POD + ":{{port}}"),
           unit="percentunit", width=24, height=6, empty="no connection waits to be accepted"),
]

ENDS = [
    row("How connections end"),
    series("Lost requests", "A second, by pod and cause: requests that got no answer because their connection ended. Each one is counted.",
           ("sum by (namespace, pod, cause) (rate(closewatch_pod_requests_lost_total{%s}[$__rate_interval]))" % PODS, POD + " {{cause}}"), unit="cps", width=8,
           empty="nothing is known of ends"),
    series("Ends by kind", "A second: as servers and as clients, who closed first and how.",
           ("sum by (role, end) (rate(closewatch_pod_connections_ended_total{%s}[$__rate_interval]))" % PODS, "{{role}} {{end}}"), unit="cps", width=8, stacked=True,
           empty="nothing is known of ends"),
    series("Idle time at the close", "Half, and nine tenths, of the connections that a pod closed first had been idle for no longer than this.",
           [("histogram_quantile(%s, sum by (namespace, pod, port, le) (rate(closewatch_pod_idle_close_seconds_bucket{%s}[$__rate_interval])))" % (share, PODS), POD + ":{{port}} " + name)
            for share, name in ((0.5, "half"), (0.9, "nine tenths"))], unit="s", width=8, empty="no pod closes idle connections first"),
    series("Messages of the kernel", "Ends heard, and messages lost because they came too fast, a second.",
           [(rate("closewatch_connection_ends_total"), "heard"), (rate("closewatch_connection_ends_missed_total"), "missed")], unit="cps", height=6, empty="nobody listens"),
    series("Share of the time listened", "Below 1 the agent leaves the rest to the budget of its CPU time, and the figures above are of that share.",
           ("min(closewatch_connection_ends_watched_ratio{%s})" % AGENT, "listened"), unit="percentunit", height=6, maximum=1, empty="nobody listens"),
]

CONNTRACK = [
    row("Conntrack of the node"),
    series("Entries and limit", "The table of the node's network namespace.", [("sum(closewatch_conntrack_entries{%s})" % AGENT, "entries"), ("sum(closewatch_conntrack_entries_limit{%s})" % AGENT, "limit")],
           width=8, empty="not readable"),
    series("TCP entries by state", "Of the last dump.", ('sum by (state) (closewatch_conntrack_flows{%s, protocol="tcp"})' % AGENT, "{{state}}"), width=8, stacked=True, empty="no entry, or not readable"),
    series("Entries by protocol", "Of the last dump.", ("sum by (protocol) (closewatch_conntrack_flows{%s})" % AGENT, "{{protocol}}"), width=8, stacked=True, empty="no entry, or not readable"),
    series("Entries by pod", "Who fills the table: entries by the pod at an end. A connection between two pods counts for both.",
           ("topk(10, sum by (namespace, pod) (closewatch_pod_conntrack_entries{%s}))" % PODS, POD), width=12, height=7, stacked=True, empty="no entry, or not readable"),
    series("Entries by side", "Of the selected pods: what they opened, and what they accepted.",
           ("sum by (protocol, direction) (closewatch_pod_conntrack_entries{%s})" % PODS, "{{protocol}} {{direction}}"), width=12, height=7, stacked=True, empty="no entry, or not readable"),
    series("Refused", "A second: no room (drop, early_drop), clashes (insert_failed), malformed (error), chains too long.",
           [(rate("closewatch_conntrack_%s_total" % name), name) for name in ("drop", "early_drop", "insert_failed", "error", "chain_too_long", "invalid")], unit="cps", width=8, empty="not readable"),
    series("Work", "A second: insertions, look-ups that found an entry, resolved clashes, restarted searches.",
           [(rate("closewatch_conntrack_%s_total" % name), name) for name in ("insert", "found", "clash_resolve", "search_restart")], unit="cps", width=8, empty="not readable"),
    table("Timeouts", "Of the node's network namespace, and what is recommended at least.",
          ["max by (timeout) (closewatch_conntrack_timeout_seconds{%s})" % AGENT, "max by (timeout) (closewatch_conntrack_recommended_timeout_seconds{%s})" % AGENT],
          [("Timeout", "s"), ("Recommended", "s")], width=8, empty="not readable"),
    table("Pods whose own timeouts deviate", "Pods whose network namespace has another timeout than the node's.",
          "min by (namespace, pod, timeout) (closewatch_pod_conntrack_timeout_seconds{%s})" % PODS, [("Seconds", "s")], width=12, height=7, empty="No pod deviates from the node"),
    table("Remediation: value and desired value", "What the agent is told to set. Empty while Remediation:Mode is off.",
          ["max by (scope, sysctl) (closewatch_sysctl_value{%s})" % AGENT, "max by (scope, sysctl) (closewatch_sysctl_desired{%s})" % AGENT], [("Value", "short"), ("Desired", "short")],
          width=12, height=7, empty="Remediation is off"),
]

AGENT_HEALTH = [
    row("The agent"),
    history("Sources", "What the agent could read. What depends on a source that is down is unknown.", ("min by (source, backend) (closewatch_source_up{%s})" % AGENT, "{{source}} ({{backend}})"),
            width=8, empty="the agent is not scraped"),
    series("Time by source", "Of the last scan.", ("max by (source) (closewatch_source_duration_seconds{%s})" % AGENT, "{{source}}"), unit="s", stacked=True, width=8, height=7, empty="the agent is not scraped"),
    series("Scan", "How long a scan takes, how old the snapshot is and, where the budget is short, the sockets of a pod in it. Over three intervals the agent answers 503.",
           [("max(closewatch_scan_duration_seconds{%s})" % AGENT, "duration"), ("time() - max(closewatch_snapshot_timestamp_seconds{%s})" % AGENT, "age"), ("max(closewatch_scan_interval_seconds{%s})" % AGENT, "interval"),
            ("max(closewatch_pod_sockets_age_seconds{%s}) or vector(0)" % AGENT, "oldest sockets")],
           unit="s", width=8, height=7, empty="the agent is not scraped"),
    series("CPU", "Cores used by the agent.", ("sum(rate(process_cpu_seconds_total{%s}[$__rate_interval]) %s)" % (AGENT, OF_AGENTS), "cores"), unit="none", width=6, height=6, empty="the agent is not scraped"),
    series("Memory", "Resident memory of the agent.", ("max(process_resident_memory_bytes{%s} %s)" % (AGENT, OF_AGENTS), "resident"), unit="bytes", width=6, height=6, empty="the agent is not scraped"),
    series("Source errors and dropped series", "Scans in which a source failed, a second; series cut by Metrics:MaxPods.",
           [(rate("closewatch_source_errors_total"), "source errors"), ("sum(closewatch_series_dropped{%s}) or vector(0)" % AGENT, "series dropped"), (rate("closewatch_scans_total"), "scans")],
           unit="short", width=6, height=6, empty="the agent is not scraped"),
    series("Remediation", "Writes of sysctls, and conflicts with other writers, in 30 minutes.",
           [("sum(increase(closewatch_remediation_writes_total{%s}[30m])) or vector(0)" % AGENT, "writes"), ("sum(increase(closewatch_remediation_conflicts_total{%s}[30m])) or vector(0)" % AGENT, "conflicts")],
           width=6, height=6, empty="none"),
]

# The second needs kube-state-metrics; without it, it marks nothing.
RESTARTS = [
    annotation("Restarts of the agent", "changes(process_start_time_seconds{%s}[$__interval]) > 0 %s" % (AGENT, OF_AGENTS), "the agent restarted", BLUE),
    annotation("Restarts of containers", 'sum by (namespace, pod) (changes(kube_pod_container_status_restarts_total{namespace=~"$namespace", pod=~"$pod"}[$__interval])'
               ' * on (namespace, pod) group_left kube_pod_info{node=~"$node"}) > 0', "{{namespace}}/{{pod}}: a container restarted", AMBER),
]

DASHBOARD = dashboard(NODE, "Closewatch / Node", "Half-closed connections, idle connections and conntrack of one node, by pod.",
                      OVERVIEW + FINDINGS + HALF_CLOSED + IDLE + ENDS + CONNTRACK + AGENT_HEALTH, extra_variables=[UPSTREAM], annotations=RESTARTS, one_node=True)
