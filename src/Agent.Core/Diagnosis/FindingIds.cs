namespace Agent.Core.Diagnosis;

/// <summary>The stable ids of all findings.</summary>
public static class FindingIds
{
#pragma warning disable CS1591 // each id is explained in the catalogue
    public const string CloseWaitTimeoutShort = "close-wait-timeout-short";
    public const string HalfClosedExpiring = "half-closed-expiring";
    public const string HalfClosedUntracked = "half-closed-untracked";
    public const string CloseWaitLeak = "close-wait-leak";
    public const string FinWait2PileUp = "fin-wait2-pile-up";
    public const string BackendClosesIdleFirst = "backend-closes-idle-first";
    public const string ResetOnReuse = "reset-on-reuse";
    public const string ConntrackTablePressure = "conntrack-table-pressure";
    public const string ConntrackDrops = "conntrack-drops";
    public const string ConntrackInvalidPackets = "conntrack-invalid-packets";
    public const string ListenQueueOverflow = "listen-queue-overflow";
    public const string TerminatingWithConnections = "terminating-with-connections";
    public const string ConnectionsLostAtTermination = "connections-lost-at-termination";
    public const string TerminationUnprepared = "termination-unprepared";
    public const string PodNotReady = "pod-not-ready";
    public const string ReadinessFlapping = "readiness-flapping";
    public const string ProbeMissing = "probe-missing";
    public const string ContainerRestarting = "container-restarting";
    public const string ReplicasColocated = "replicas-colocated";
    public const string ConntrackNotAuthoritative = "conntrack-not-authoritative";
    public const string SysctlConflict = "sysctl-conflict";
    public const string SourceUnavailable = "source-unavailable";
#pragma warning restore CS1591
}
