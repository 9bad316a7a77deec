"""Closewatch / Cluster: which nodes and pods have a problem."""

from explanations import markdown
from layout import annotation, dashboard
from panels import (BAD, BLUE, CLUSTER, EXPLAIN, EXPLAIN_PUBLISHED, EXPLANATIONS, FULL, GREEN, OF_RECOMMENDED, RED, SUSPECT, TO_NODE, TO_NODE_SERIES,
                    bars, heat, row, series, stat, table, text)

AGENT = 'job=~"$job", cluster=~"$cluster", node=~"$node"'
PODS = AGENT + ', namespace=~"$namespace", pod=~"$pod"'
BY_NODE = "sum by (cluster, node)"
BY_POD = "sum by (cluster, node, namespace, pod)"


def total(metric, labels=PODS):
    return "sum(%s{%s}) or vector(0)" % (metric, labels)


def use():
    return "closewatch_conntrack_entries{%s} / (closewatch_conntrack_entries_limit{%s} > 0)" % (AGENT, AGENT)


def share():
    """The close-wait timeout as a share of what is recommended, by node."""
    return " / on (cluster, node) ".join('max by (cluster, node) (closewatch_conntrack_%s_seconds{%s, timeout="tcp_close_wait"})' % (name, AGENT)
                                         for name in ("timeout", "recommended_timeout"))


OVERVIEW = [
    stat("Agents", "Nodes whose agent was scraped.", "count(closewatch_build_info{%s}) or vector(0)" % AGENT, steps=[(None, RED), (1, GREEN)]),
    stat("Critical findings", "Causes that make requests fail now.", total("closewatch_finding", PODS + ', severity="critical"'), steps=BAD),
    stat("Warnings", "Causes that will make requests fail.", total("closewatch_finding", PODS + ', severity="warning"'), steps=SUSPECT),
    stat("Half-closed sockets", "One side has closed, the other has not. Some are normal; those that stay are not.", total("closewatch_pod_half_closed_sockets")),
    stat("Untracked", "Half-closed sockets that conntrack has forgotten: their answers are lost.", total("closewatch_pod_half_closed_untracked_sockets"), steps=BAD),
    stat("Expiring", "Half-closed connections whose conntrack entry runs out within a minute.", total("closewatch_pod_half_closed_expiring_connections"), steps=SUSPECT),
    stat("Fullest table", "The highest conntrack table use of all nodes.", "max(%s) or vector(0)" % use(), unit="percentunit", steps=FULL),
    stat("Short timeouts", "Nodes whose nf_conntrack_tcp_timeout_close_wait is under what is recommended.",
         "count(%s < 1) or vector(0)" % share(), steps=SUSPECT),
]

FINDINGS = [
    row("Findings"),
    table("Findings", "What each agent finds, worst first. Click a finding for its meaning, a node for its dashboard.",
          'max by (severity, finding, cluster, node, namespace, pod) (closewatch_finding{%s})' % PODS, [],
          empty="No finding: nothing on these nodes makes requests fail as far as the agents can see", width=16,
          links={"finding": [EXPLAIN, EXPLAIN_PUBLISHED], "node": [TO_NODE]}),
    series("Findings by severity", "How many findings there were.", ("sum by (severity) (closewatch_finding{%s})" % PODS, "{{severity}}"), width=8, stacked=True, empty="no finding in this time"),
]

HALF_CLOSED = [
    row("Half-closed connections"),
    series("Half-closed sockets by node", "The 20 nodes with the most.", ("topk(20, %s (closewatch_pod_half_closed_sockets{%s}))" % (BY_NODE, PODS), "{{node}}"),
           empty="no half-closed socket", links=[TO_NODE_SERIES]),
    series("Untracked and expiring by node", "What loses its answer now, and what will within a minute.",
           [("%s (closewatch_pod_half_closed_untracked_sockets{%s}) > 0" % (BY_NODE, PODS), "untracked on {{node}}"),
            ("%s (closewatch_pod_half_closed_expiring_connections{%s}) > 0" % (BY_NODE, PODS), "expiring on {{node}}")],
           empty="none: conntrack remembers every half-closed connection", links=[TO_NODE_SERIES]),
    table("Pods with half-closed connections", "The 50 pods with the most half-closed sockets. Click a node for its dashboard.",
          ["topk(50, %s (closewatch_pod_half_closed_sockets{%s}))" % (BY_POD, PODS),
           "max by (cluster, node, namespace, pod) (closewatch_pod_half_closed_oldest_seconds{%s})" % PODS,
           "%s (closewatch_pod_half_closed_expiring_connections{%s})" % (BY_POD, PODS),
           "%s (closewatch_pod_half_closed_untracked_sockets{%s})" % (BY_POD, PODS)],
          [("Half-closed", "short"), ("Oldest", "s"), ("Expiring", "short", SUSPECT), ("Untracked", "short", BAD)],
          empty="No pod has a half-closed connection", links={"node": [TO_NODE]}, sort="Half-closed", height=10),
]

CONNTRACK = [
    row("Conntrack"),
    bars("Table use", "The 20 fullest conntrack tables. A full one drops new connections of every pod of the node.", ("topk(20, %s)" % use(), "{{node}}"),
         unit="percentunit", steps=FULL, maximum=1, width=8, empty="no agent can read its table", links=[TO_NODE_SERIES]),
    series("Table use over time", "Entries over limit, the 20 fullest tables.", ("topk(20, %s)" % use(), "{{node}}"), unit="percentunit", steps=FULL, width=8, lines=True, maximum=1,
           empty="no agent can read its table", links=[TO_NODE_SERIES]),
    series("Packets and connections refused", "A second, by conntrack: no room (drop, early_drop), clashes (insert_failed), invalid packets.",
           [("sum(rate(closewatch_conntrack_%s_total{%s}[$__rate_interval]))" % (name, AGENT), name) for name in ("drop", "early_drop", "insert_failed", "invalid")],
           unit="cps", width=8, empty="no agent can read these counters"),
    table("Nodes and their close-wait timeout", "How long conntrack remembers a half-closed connection; shortest first matters. kube-proxy sets 1 h, the kernel 60 s.",
          ['max by (cluster, node) (closewatch_conntrack_timeout_seconds{%s, timeout="tcp_close_wait"})' % AGENT, share()], [("Timeout", "s"), ("Of recommended", "percentunit", OF_RECOMMENDED)],
          empty="no agent can read the timeout", width=12, links={"node": [TO_NODE]}),
    table("Pods whose own timeout deviates", "Pods whose network namespace tracks connections by itself (a mesh) with another timeout than the node's.",
          'min by (cluster, node, namespace, pod) (closewatch_pod_conntrack_timeout_seconds{%s, timeout="tcp_close_wait"})' % PODS,
          [("Timeout", "s")], empty="No pod deviates from its node", width=12, links={"node": [TO_NODE]}),
]

ENDS = [
    row("How connections end"),
    series("Lost requests by pod", "In ten minutes, the 20 pods with the most: requests that got no answer because their connection ended. Each one is counted.",
           ("topk(20, %s (increase(closewatch_pod_requests_lost_total{%s}[10m])) > 0)" % (BY_POD, PODS), "{{namespace}}/{{pod}}"), width=8, empty="no request was lost"),
    series("Ends by kind", "A second: as servers and as clients, who closed first and how.",
           ("sum by (role, end) (rate(closewatch_pod_connections_ended_total{%s}[$__rate_interval]))" % PODS, "{{role}} {{end}}"), unit="cps", width=8, stacked=True,
           empty="nothing is known of ends"),
    heat("Idle time at the close", "How long connections had been idle when pods closed them first. What a load balancer keeps longer than this fails with 502.",
         "sum by (le) (increase(closewatch_pod_idle_close_seconds_bucket{%s}[$__rate_interval]))" % PODS, empty="no pod closes idle connections first"),
]

TRAFFIC = [
    row("Resets and overflows"),
    series("Resets sent", "A second, the 20 pods with the most. Resets on reused connections are 502s.",
           ("topk(20, %s (rate(closewatch_pod_tcp_resets_sent_total{%s}[$__rate_interval])) > 0)" % (BY_POD, PODS), "{{namespace}}/{{pod}}"), unit="cps", empty="no pod sends resets"),
    series("Accept queue overflows", "A second, the 20 pods with the most: too busy to accept.",
           ("topk(20, %s (rate(closewatch_pod_listen_overflows_total{%s}[$__rate_interval])) > 0)" % (BY_POD, PODS), "{{namespace}}/{{pod}}"), unit="cps", empty="no accept queue overflows"),
]

AGENTS = [
    row("Agents"),
    table("Sources that cannot be read", "What depends on them is unknown on that node. closewatch report says why.",
          "min by (cluster, node, source, backend) (closewatch_source_up{%s}) == 0" % AGENT, [("Up",)], empty="Every agent can read every source", links={"node": [TO_NODE]}, width=8),
    table("Versions", "What runs where.", "count by (version, commit) (closewatch_build_info{%s})" % AGENT, [("Nodes",)], empty="no agent is scraped", width=8),
    series("Scan duration", "The 20 slowest.", ("topk(20, closewatch_scan_duration_seconds{%s})" % AGENT, "{{node}}"), unit="s", width=8, empty="no agent is scraped", links=[TO_NODE_SERIES]),
]

EXPLAINED = [row("Explanations"), {**text("What the findings mean", "Each finding in a sentence.", markdown(), 18), "id": EXPLANATIONS}]

DASHBOARD = dashboard(CLUSTER, "Closewatch / Cluster", "Half-closed connections, conntrack and the causes of failed requests on all nodes.",
                      OVERVIEW + FINDINGS + HALF_CLOSED + ENDS + CONNTRACK + TRAFFIC + AGENTS + EXPLAINED,
                      annotations=[annotation("Restarts of agents", "changes(process_start_time_seconds{%s}[$__interval]) > 0 and on (job, instance) closewatch_build_info" % AGENT,
                                              "the agent on {{node}} restarted", BLUE)])
