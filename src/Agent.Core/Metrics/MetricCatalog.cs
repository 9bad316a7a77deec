using System.Collections.Immutable;

namespace Agent.Core.Metrics;

/// <summary>Every series that the agent exports. docs/metrics.md is written from it.</summary>
public static class MetricCatalog
{
#pragma warning disable CS1591 // each family is explained by its help text
    public static readonly MetricDefinition PodHalfClosedSockets = Pod(
        "half_closed_sockets", "Sockets of which one side has sent its FIN and the other has not.", "state");

    public static readonly MetricDefinition PodHalfClosedConnections = Pod(
        "half_closed_connections",
        "Half-closed conntrack entries, by table (host, pod) and by the side that closed first.",
        "table",
        "state",
        "closed_by");

    public static readonly MetricDefinition PodHalfClosedOldest = Folded(MetricFold.Max, Pod(
        "half_closed_oldest_seconds", "Age of the oldest half-closed socket."));

    public static readonly MetricDefinition PodHalfClosedExpiring = Pod(
        "half_closed_expiring_connections", "Half-closed sockets whose conntrack entry runs out within Diagnosis:ExpiringWithin.");

    public static readonly MetricDefinition PodHalfClosedUntracked = Pod(
        "half_closed_untracked_sockets", "Half-closed sockets whose conntrack entry is gone: what they send next is not translated.");

    public static readonly MetricDefinition PodTcpSockets = Pod(
        "tcp_sockets", "TCP sockets by state.", "state");

    public static readonly MetricDefinition PodResetsSent = PodCounter(
        "tcp_resets_sent_total", "Resets sent from the pod's network namespace (Tcp: OutRsts).");

    public static readonly MetricDefinition PodEstablishedResets = PodCounter(
        "tcp_established_resets_total", "Connections reset while established or in CLOSE_WAIT (Tcp: EstabResets).");

    public static readonly MetricDefinition PodAborts = PodCounter(
        "tcp_aborts_total",
        "Connections aborted: data after the close or unread at it (TcpExt: TCPAbortOnData, TCPAbortOnClose), "
            + "or a time-out (TCPAbortOnTimeout).",
        "reason");

    public static readonly MetricDefinition PodListenOverflows = PodCounter(
        "listen_overflows_total", "Connections refused because an accept queue was full (TcpExt: ListenOverflows).");

    public static readonly MetricDefinition PodListenDrops = PodCounter(
        "listen_drops_total", "Connection attempts dropped at a listening port for any reason (TcpExt: ListenDrops).");

    public static readonly MetricDefinition PodAcceptQueueLength = Pod(
        "accept_queue_length", "Connections waiting to be accepted.", "port");

    public static readonly MetricDefinition PodAcceptQueueLimit = Pod(
        "accept_queue_limit", "Connections that may wait to be accepted.", "port");

    public static readonly MetricDefinition PodClosedFirst = Pod(
        "closed_first_sockets", "Sockets in TIME_WAIT at a port that the pod listens on: the pod closed these first.", "port");

    public static readonly MetricDefinition PodIdleCeiling = Folded(MetricFold.Max, Pod(
        "idle_ceiling_seconds",
        "Longest idle time seen among established connections at a port: a short keep-alive shows as a ceiling.",
        "port"));

    public static readonly MetricDefinition PodSocketsAge = Folded(MetricFold.Max, Pod(
        "sockets_age_seconds",
        "Age of what is said of the pod's sockets, where reading them all at every scan would cost more than half of "
            + "Collection:CpuBudgetPercent."));

    public static readonly MetricDefinition PodConntrackTimeout = Folded(MetricFold.Min, Pod(
        "conntrack_timeout_seconds",
        "Conntrack timeouts of pods' own network namespaces, where conntrack is in use there and they differ from the host's.",
        "timeout"));

    public static readonly MetricDefinition PodConntrackEntries = Pod(
        "conntrack_entries",
        "Entries of the host's conntrack table by the owner of an end: who fills the table. A connection between two pods of this node "
            + "counts for both. What has no end on this node (forwarded connections, pods that are gone) is under pod=\"_unattributed\", "
            + "without a direction.",
        "protocol",
        "direction");

    public static readonly MetricDefinition PodConnectionsEnded = PodCounter(
        "connections_ended_total",
        "Connections that ended since the agent began to listen, by the pod's role in them (server, client) and by how.",
        "role",
        "end");

    public static readonly MetricDefinition PodRequestsLost = PodCounter(
        "requests_lost_total",
        "Requests that got no answer because their connection ended, one a request: it lay unread when the server closed, came after the "
            + "close, or was taken and never answered. Role server: requests to the pod. Role client: requests that the pod sent.",
        "role",
        "cause");

    public static readonly MetricDefinition PodIdleClose = new(
        "closewatch_pod_idle_close_seconds",
        MetricType.Histogram,
        "How long connections had been idle when the pod closed them first, by the port that it listens on.",
        ["namespace", "pod", "port"]);

    public static readonly MetricDefinition ConnectionEnds = Counter(
        "closewatch_connection_ends_total", "Ends of connections that the kernel told of and the agent heard.");

    public static readonly MetricDefinition ConnectionEndsMissed = Counter(
        "closewatch_connection_ends_missed_total", "Ends of connections that were lost because they came faster than they were read.");

    public static readonly MetricDefinition ConnectionEndsWatched = Gauge(
        "closewatch_connection_ends_watched_ratio",
        "Share of the last five minutes in which the agent listened to ends of connections: below 1 what they cost was over "
            + "half of Collection:CpuBudgetPercent.");

    public static readonly MetricDefinition UnattributedSockets = Gauge(
        "closewatch_unattributed_half_closed_sockets", "Half-closed sockets that belong to nobody known.", "state");

    public static readonly MetricDefinition UnattributedConnections = Gauge(
        "closewatch_unattributed_half_closed_connections",
        "Half-closed entries of the host's conntrack table with neither end on this node.",
        "state");

    public static readonly MetricDefinition ConntrackEntries = Gauge(
        "closewatch_conntrack_entries", "Entries in the host's conntrack table (nf_conntrack_count).");

    public static readonly MetricDefinition ConntrackLimit = Gauge(
        "closewatch_conntrack_entries_limit", "Entries that conntrack may hold (nf_conntrack_max); 0 means no limit.");

    public static readonly MetricDefinition ConntrackBuckets = Gauge(
        "closewatch_conntrack_buckets", "Size of conntrack's hash table (nf_conntrack_buckets).");

    public static readonly MetricDefinition ConntrackFlows = Gauge(
        "closewatch_conntrack_flows",
        "Entries of the last dump of the host's conntrack table; state is empty where the protocol has none.",
        "protocol",
        "state");

    public static readonly MetricDefinition ConntrackAge = Gauge(
        "closewatch_conntrack_age_seconds",
        "Age of the conntrack dump when the last scan ended: a big table is dumped less often than every scan.");

    public static readonly MetricDefinition ConntrackFound = Counter(
        "closewatch_conntrack_found_total", "Conntrack look-ups that found an entry.");

    public static readonly MetricDefinition ConntrackInvalid = Counter(
        "closewatch_conntrack_invalid_total", "Packets that could not be tracked.");

    public static readonly MetricDefinition ConntrackInsert = Counter(
        "closewatch_conntrack_insert_total", "Entries inserted.");

    public static readonly MetricDefinition ConntrackInsertFailed = Counter(
        "closewatch_conntrack_insert_failed_total", "Insertions that failed, usually in a clash: the packet was dropped.");

    public static readonly MetricDefinition ConntrackDrop = Counter(
        "closewatch_conntrack_drop_total", "Packets dropped because no entry could be allocated: the table was full.");

    public static readonly MetricDefinition ConntrackEarlyDrop = Counter(
        "closewatch_conntrack_early_drop_total", "Entries dropped to make room for new ones.");

    public static readonly MetricDefinition ConntrackError = Counter(
        "closewatch_conntrack_error_total", "Packets with errors, such as malformed ICMP.");

    public static readonly MetricDefinition ConntrackSearchRestart = Counter(
        "closewatch_conntrack_search_restart_total", "Look-ups that began again because the hash table was resized.");

    public static readonly MetricDefinition ConntrackClashResolve = Counter(
        "closewatch_conntrack_clash_resolve_total", "Clashes of insertions that were resolved (Linux 5.10 or later).");

    public static readonly MetricDefinition ConntrackChainTooLong = Counter(
        "closewatch_conntrack_chain_too_long_total", "Insertions refused because a hash chain was too long (Linux 5.15 or later).");

    public static readonly MetricDefinition ConntrackTimeout = Gauge(
        "closewatch_conntrack_timeout_seconds", "Conntrack timeouts of the host's network namespace.", "timeout");

    public static readonly MetricDefinition RecommendedTimeout = Gauge(
        "closewatch_conntrack_recommended_timeout_seconds", "Conntrack timeouts as Diagnosis recommends them at least.", "timeout");

    public static readonly MetricDefinition FindingActive = Folded(MetricFold.Max, Gauge(
        "closewatch_finding",
        "1 for each cause of failed requests that is at work on this node.",
        "namespace",
        "pod",
        "finding",
        "severity"));

    public static readonly MetricDefinition SysctlValue = Gauge(
        "closewatch_sysctl_value", "Current value of a sysctl that remediation looks after; of pods, the smallest one.", "scope", "sysctl");

    public static readonly MetricDefinition SysctlDesired = Gauge(
        "closewatch_sysctl_desired", "Value that remediation wants a sysctl to have.", "scope", "sysctl");

    public static readonly MetricDefinition RemediationWrites = Counter(
        "closewatch_remediation_writes_total", "Attempts to write a sysctl, by result.", "scope", "sysctl", "result");

    public static readonly MetricDefinition RemediationConflicts = Counter(
        "closewatch_remediation_conflicts_total",
        "Times that another writer changed a sysctl that remediation had set, by what was done about it.",
        "scope",
        "sysctl",
        "result");

    public static readonly MetricDefinition SourceUp = Gauge(
        "closewatch_source_up", "1 when the last scan could read the source, 0 when it could not.", "source", "backend");

    public static readonly MetricDefinition SourceDuration = Gauge(
        "closewatch_source_duration_seconds", "Time that the last scan spent on the source.", "source", "backend");

    public static readonly MetricDefinition SourceErrors = Counter(
        "closewatch_source_errors_total", "Scans in which the source failed although this node offers it.", "source", "backend");

    public static readonly MetricDefinition SnapshotTimestamp = Gauge(
        "closewatch_snapshot_timestamp_seconds", "Time at which the scan began that everything here comes from (Unix time).");

    public static readonly MetricDefinition ScanDuration = Gauge(
        "closewatch_scan_duration_seconds", "Time that the last scan took.");

    public static readonly MetricDefinition ScanInterval = Gauge(
        "closewatch_scan_interval_seconds", "Configured time between the beginnings of two scans (Collection:Interval).");

    public static readonly MetricDefinition Scans = Counter(
        "closewatch_scans_total", "Scans that were published.");

    public static readonly MetricDefinition SeriesDropped = Gauge(
        "closewatch_series_dropped",
        "Series of a family that the cardinality cap cut (Metrics:MaxPods, or too many ports of one pod).",
        "family");

    public static readonly MetricDefinition LogLinesDropped = Counter(
        "closewatch_log_lines_dropped_total", "Log lines that were dropped because nobody read the agent's standard output.");

    public static readonly MetricDefinition BuildInfo = Gauge(
        "closewatch_build_info", "1; the labels say what is running.", "version", "commit", "runtime");

    public static readonly MetricDefinition ProcessCpu = Counter(
        "process_cpu_seconds_total", "CPU time that the agent has used, user and system.");

    public static readonly MetricDefinition ProcessResident = Gauge(
        "process_resident_memory_bytes", "Resident memory of the agent.");

    public static readonly MetricDefinition ProcessOpenFds = Gauge(
        "process_open_fds", "File descriptors that the agent has open.");

    public static readonly MetricDefinition ProcessStartTime = Gauge(
        "process_start_time_seconds", "Time at which the agent started (Unix time).");
#pragma warning restore CS1591

    /// <summary>All of them, in the order in which they are exported.</summary>
    public static ImmutableArray<MetricDefinition> All { get; } =
    [
        PodHalfClosedSockets, PodHalfClosedConnections, PodHalfClosedOldest, PodHalfClosedExpiring, PodHalfClosedUntracked,
        PodTcpSockets, PodResetsSent, PodEstablishedResets, PodAborts, PodListenOverflows, PodListenDrops,
        PodAcceptQueueLength, PodAcceptQueueLimit, PodClosedFirst, PodIdleCeiling, PodSocketsAge,
        PodConntrackTimeout,
        PodConntrackEntries,
        PodConnectionsEnded, PodRequestsLost, PodIdleClose, ConnectionEnds, ConnectionEndsMissed, ConnectionEndsWatched,
        UnattributedSockets, UnattributedConnections,
        ConntrackEntries, ConntrackLimit, ConntrackBuckets, ConntrackFlows, ConntrackAge,
        ConntrackFound, ConntrackInvalid, ConntrackInsert, ConntrackInsertFailed, ConntrackDrop, ConntrackEarlyDrop,
        ConntrackError, ConntrackSearchRestart, ConntrackClashResolve, ConntrackChainTooLong, ConntrackTimeout,
        RecommendedTimeout, FindingActive, SysctlValue, SysctlDesired, RemediationWrites, RemediationConflicts,
        SourceUp, SourceDuration, SourceErrors, SnapshotTimestamp, ScanDuration, ScanInterval, Scans, SeriesDropped,
        LogLinesDropped, BuildInfo,
        ProcessCpu, ProcessResident, ProcessOpenFds, ProcessStartTime,
    ];

    private static MetricDefinition Pod(string name, string help, params ImmutableArray<string> labels) =>
        new("closewatch_pod_" + name, MetricType.Gauge, help, ["namespace", "pod", .. labels]);

    private static MetricDefinition PodCounter(string name, string help, params ImmutableArray<string> labels) =>
        new("closewatch_pod_" + name, MetricType.Counter, help, ["namespace", "pod", .. labels]);

    private static MetricDefinition Gauge(string name, string help, params ImmutableArray<string> labels) =>
        new(name, MetricType.Gauge, help, labels);

    private static MetricDefinition Counter(string name, string help, params ImmutableArray<string> labels) =>
        new(name, MetricType.Counter, help, labels);

    private static MetricDefinition Folded(MetricFold fold, MetricDefinition definition) => definition with { Fold = fold };
}
