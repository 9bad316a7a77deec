using System.Collections.Immutable;
using Agent.Core.Model;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Half-closed sockets whose conntrack entry is gone.</summary>
public sealed class HalfClosedUntrackedRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "half-closed-untracked";

    private static readonly ImmutableArray<FindingFix> s_fixesOfDeletion =
    [
        new("to see when entries are deleted", "conntrack -E -e DESTROY -p tcp -o timestamp"),
        new("to see whether a full table drops them", "conntrack -S | grep -oE 'early_drop=[0-9]+'"),
        new("whatever empties the table", "delete only what has to go (conntrack -D with a filter), not all (conntrack -F)"),
    ];

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "half-closed connections have lost their conntrack entry",
        What = """
            The socket still lives, its entry is gone. Where the entry translated an address or port, the next packet that the socket sends
            is not translated back: it leaves with the pod's address instead of the service's, and the client drops it or answers with a
            reset. The application sees a successful send. Where nothing is translated, nothing is lost: the table picks the connection up
            at its next packet, unless nf_conntrack_tcp_loose is 0.
            """,
        Why = "Whatever these connections still had to say is lost, silently: the client waits for a response that was sent.",
        Seen = $"""
            Half-closed sockets, looked up one by one in all zones, without an entry that they had at an earlier scan, or that connections
            of the same two ends have. What each entry translated is remembered while it lives; both ends' views tell it, too, where both
            are on this node. An entry that is gone though more than {HumanText.Duration(HalfClosedConnection.FreshEntry)} were left when it
            was last seen did not expire: somebody deleted it, or a full table dropped it early.
            """,
        Levels =
        [
            new(
                Severity.Info,
                "nobody saw what the entries translated; or no process owns the sockets any more; or they are a leak: the peers are gone, "
                + "what came lies unread, or it has outlived even the recommended timeout; or a client's pool keeps them"),
            new(Severity.Critical, "all others whose entries translated, or where nf_conntrack_tcp_loose is 0"),
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
            if (pod.HalfClosed.UntrackedLost > 0)
            {
                yield return Lost(context, pod);
            }
            else if (pod.HalfClosed.UntrackedUnsure > 0)
            {
                yield return Unsure(context, pod);
            }
        }
    }

    private Finding Lost(DiagnosisContext context, PodSnapshot pod)
    {
        var summary = pod.HalfClosed;
        var sample = Sample(context, pod, static connection => connection.NeedsEntry != false);
        List<string> evidence =
        [
            $"{HumanText.Count(summary.UntrackedLost, "half-closed socket")} of {HumanText.Count(summary.Sockets)} without the conntrack "
            + "entry that they had and need: it translated an address or port, or nf_conntrack_tcp_loose is 0.",
        ];
        if (summary.UntrackedUnsure > 0)
        {
            evidence.Add($"Of {HumanText.Count(summary.UntrackedUnsure)} more without an entry nobody saw what it was.");
        }

        var nobodyWaits = Leak.LostBeside(context, pod) == 0;
        var severity = nobodyWaits ? Severity.Info : SeverityOf(pod, sample, context.Options);
        if (severity < Severity.Critical)
        {
            evidence.Add("Nobody seems to be waiting for an answer on them: the application has closed them, or never will.");
        }

        var deleted = sample.Count(static connection => connection.EntryWasDeleted);
        if (deleted > 0)
        {
            evidence.Add($"{HumanText.Count(deleted, "entry", "entries")} had more than "
                + $"{HumanText.Duration(HalfClosedConnection.FreshEntry)} left when last seen, so no timeout that was read took it: "
                + "somebody deletes entries (a firewall that starts again, conntrack -F), the table was full, or a timeout was lowered.");
        }

        var allDeleted = deleted > 0 && deleted == sample.Count;
        var finding = Explanation.Report(
            severity,
            pod,
            $"{pod.Identity.DisplayName} has {HumanText.Count(summary.UntrackedLost, "half-closed socket")} "
            + (allDeleted ? "whose conntrack entry was deleted: " : "that conntrack has forgotten: ") + "what they send next is lost",
            evidence,
            summary.UntrackedLost,
            allDeleted ? s_fixesOfDeletion : OwnTable.Tracks(context, pod) ? OwnTable.Fixes : OwnTable.FixesOfHost) with
        {
            Examples = HalfClosedText.Examples(sample),
            Form = allDeleted ? "deleted" : "",
        };
        return nobodyWaits && Leak.IsOne(context, pod)
            ? finding with
            {
                CausedBy = CloseWaitLeakRule.Id,
                Fix = [.. CloseWaitLeakRule.AllFixes.Where(static fix => fix.AppliesTo.Runtime is not null)],
            }
            : finding;
    }

    private Finding Unsure(DiagnosisContext context, PodSnapshot pod)
    {
        var summary = pod.HalfClosed;
        return Explanation.Report(
            Severity.Info,
            pod,
            $"{pod.Identity.DisplayName} has {HumanText.Count(summary.UntrackedUnsure, "half-closed socket")} without a conntrack entry; "
            + "whether that matters is not known",
            [
                $"{HumanText.Count(summary.UntrackedUnsure, "half-closed socket")} of {HumanText.Count(summary.Sockets)} without an entry "
                + "while connections of the same two ends have one.",
                "Nobody saw their entries while they lived: what they send is lost only where those translated an address or port, or "
                + "where nf_conntrack_tcp_loose is 0. The agent remembers that of each entry: closewatch run",
            ],
            summary.UntrackedUnsure,
            [new("to see what is translated", "conntrack -L -p tcp"), new("to remember each entry while it lives", "closewatch run")]) with
        {
            Examples = HalfClosedText.Examples(Sample(context, pod, static connection => connection.NeedsEntry is null)),
            Form = "unsure",
        };
    }

    private static List<HalfClosedConnection> Sample(
        DiagnosisContext context, PodSnapshot pod, Func<HalfClosedConnection, bool> which) =>
        [.. context.ConnectionsOf(pod).Where(connection => connection.Tracking == TrackingState.Untracked && which(connection))];

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
