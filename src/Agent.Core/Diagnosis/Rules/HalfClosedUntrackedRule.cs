using Agent.Core.Model;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Half-closed sockets whose conntrack entry is gone.</summary>
public sealed class HalfClosedUntrackedRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "half-closed-untracked";

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "half-closed connections have lost their conntrack entry",
        What = """
            The socket still lives, its entry is gone. The next packet that it sends is not translated back: it leaves with the pod's
            address instead of the service's, and the client drops it or answers with a reset. The application sees a successful send.
            """,
        Why = "Whatever these connections still had to say is lost, silently: the client waits for a response that was sent.",
        Seen = "Half-closed sockets in a namespace whose connections are tracked, looked up one by one, without an entry.",
        Levels =
        [
            new(Severity.Info, "no process owns the sockets any more, or they are a leak that has outlived even the recommended timeout"),
            new(Severity.Critical, "all others"),
        ],
        Needs = [SourceNames.Conntrack, SourceNames.Sockets],
        Checks =
        [
            new("the sockets", "nsenter --net=/proc/$PID/ns/net ss -tnpeH state close-wait state fin-wait-2"),
            new("whether the tracker knows one", "conntrack -G -p tcp -s $SOURCE --sport $SPORT -d $DESTINATION --dport $DPORT"),
            new("the timeout", "sysctl net.netfilter.nf_conntrack_tcp_timeout_close_wait"),
        ],
        Fixes = CloseWaitTimeoutShortRule.AllFixes,
        References =
        [
            "https://github.com/kubernetes/kubernetes/issues/32551",
            "https://github.com/linkerd/linkerd2/issues/4276",
        ],
        FollowsFrom =
        [
            new(CloseWaitTimeoutShortRule.Id, CauseReach.SameSubject),
            new(CloseWaitTimeoutShortRule.Id, CauseReach.Node),
            new(CloseWaitLeakRule.Id, CauseReach.SameSubject),
            new(ConntrackTablePressureRule.Id, CauseReach.Node),
        ],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var pod in context.Current.Pods)
        {
            if (pod.HalfClosed is not { Untracked: > 0 } summary)
            {
                continue;
            }

            var sample = context.ConnectionsOf(pod).Where(static connection => connection.Tracking == TrackingState.Untracked).ToList();
            List<string> evidence =
            [
                $"{HumanText.Count(summary.Untracked, "half-closed socket")} of {HumanText.Count(summary.Sockets)} without a conntrack "
                + "entry, although the other connections there are tracked.",
            ];
            var severity = SeverityOf(pod, sample, context.Options);
            if (severity < Severity.Critical)
            {
                evidence.Add("Nobody seems to be waiting for an answer on them: the application has closed them, or never will.");
            }

            yield return Explanation.Report(
                severity,
                pod,
                $"{pod.Identity.DisplayName} has {HumanText.Count(summary.Untracked, "half-closed socket")} that conntrack has forgotten: "
                + "what they send next is lost",
                evidence,
                summary.Untracked,
                OwnTable.Tracks(context, pod) ? OwnTable.Fixes : OwnTable.FixesOfHost) with
            { Examples = HalfClosedText.Examples(sample) };
        }
    }

    // A socket that nobody owns any more sends nothing; a leak that outlived even the recommended timeout is the application's fault, not
    // conntrack's.
    private static Severity SeverityOf(PodSnapshot pod, List<HalfClosedConnection> sample, Thresholds options)
    {
        var orphans = sample.Count > 0 && sample.All(static connection => connection is { State: TcpState.FinWait2, Inode: 0 });
        var leaked = pod.HalfClosed.LeakedCloseWaitSockets >= options.LeakCount
            && sample.Count > 0
            && sample.All(connection => connection.Age >= options.CloseWaitTimeout);
        return orphans || leaked ? Severity.Info : Severity.Critical;
    }
}
