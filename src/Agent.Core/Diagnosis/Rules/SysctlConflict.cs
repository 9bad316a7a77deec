using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>
/// Another writer changes what remediation wrote. No rule can see that in a snapshot: remediation, which remembers what it wrote, makes the
/// finding itself.
/// </summary>
public static class SysctlConflict
{
    /// <summary>The finding's id.</summary>
    public const string Id = "sysctl-conflict";

    /// <summary>For how long a change by another writer is news.</summary>
    public static TimeSpan NewsFor { get; } = TimeSpan.FromHours(1);

    /// <summary>What it means.</summary>
    public static FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "another writer changes a value that this agent set",
        What = """
            Remediation wrote a setting and later found another value there: kube-proxy at its start, a mesh's init container, a tuning
            daemon or configuration management. The agent does not fight: it writes its value again at once, then only after ten minutes,
            twenty and so on, and names whoever most likely is the other.
            """,
        Why = "Two writers of one setting mean that nobody knows its value tomorrow; the shorter timeout returns without notice.",
        Seen = "A value is lower than the one that remediation wrote last.",
        Levels =
        [
            new(Severity.Warning, $"for {HumanText.Duration(NewsFor)}, or as long as the value waits to be written again"),
        ],
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
            new(
                "kube-proxy flag, to leave the value alone",
                "--conntrack-tcp-timeout-close-wait=0s",
                FixPlace.WithKubeProxy,
                FixReach.HostTable),
            new("closewatch, to stop writing", "closewatch run --Remediation:Mode=dry-run"),
        ],
        References = ["https://kubernetes.io/docs/reference/command-line-tools-reference/kube-proxy/"],
    };
}
