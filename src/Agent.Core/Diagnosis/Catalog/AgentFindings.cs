using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Catalog;

/// <summary>What concerns this program itself.</summary>
internal static class AgentFindings
{
    public static ImmutableArray<FindingExplanation> All { get; } =
    [
        new()
        {
            Id = FindingIds.SysctlConflict,
            Title = "another writer changes a value that this agent set",
            What = """
                Remediation wrote a setting and later found another value there: kube-proxy at its start, a mesh's init container, a tuning daemon or
                configuration management. The agent does not fight: it writes its value again at once, then only after ten minutes, twenty and so on,
                and names whoever most likely is the other.
                """,
            Why = "Two writers of one setting mean that nobody knows its value tomorrow; the shorter timeout returns without notice.",
            Seen = "A value is lower than the one that remediation wrote last. Warning, for an hour or as long as the value waits to be written again.",
            Needs = [SourceNames.Sysctl],
            Checks =
            [
                new("the value now", "sysctl net.netfilter.nf_conntrack_tcp_timeout_close_wait"),
                new("what kube-proxy wants", "curl -s http://127.0.0.1:10249/configz | grep -o '\"tcpCloseWaitTimeout\":\"[^\"]*\"'"),
                new("files that set it at boot", "grep -rs nf_conntrack /etc/sysctl.conf /etc/sysctl.d /run/sysctl.d /usr/lib/sysctl.d"),
            ],
            Fixes =
            [
                new("kube-proxy flag", "--conntrack-tcp-timeout-close-wait=1h", FixPlace.WithKubeProxy, FixReach.HostTable),
                new("kube-proxy flag, to leave the value alone", "--conntrack-tcp-timeout-close-wait=0s", FixPlace.WithKubeProxy, FixReach.HostTable),
                new("closewatch, to stop writing", "closewatch run --Remediation:Mode=dry-run"),
            ],
            References = ["https://kubernetes.io/docs/reference/command-line-tools-reference/kube-proxy/"],
        },
        new()
        {
            Id = FindingIds.SourceUnavailable,
            Title = "something could not be read",
            What = "A source of facts is missing, refused or failed. Findings that depend on it are not made: silence about them means unknown, not healthy.",
            Why = "What cannot be seen cannot be ruled out: the causes that depend on this source are not judged.",
            Seen = "The status of each source, whose words also tell which of the fixes it needs. Warning: it failed, or neither conntrack nor sockets can be read. Info: it is not available here, or only in part.",
            Needs = [],
            Checks =
            [
                new("all sources and what is missing", "closewatch report -o json | grep -A6 '\"sources\"'"),
                new("the capabilities of the agent", "grep CapEff /proc/self/status"),
                new("the kernel modules", "lsmod | grep -E 'nf_conntrack|inet_diag'"),
            ],
            Fixes = SourceFixes.All,
            References = ["https://man7.org/linux/man-pages/man7/capabilities.7.html"],
        },
    ];
}
