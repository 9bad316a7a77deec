using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Half-closed sockets whose conntrack entry runs out soon.</summary>
public sealed class HalfClosedExpiringRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "half-closed-expiring";

    // Connections that are being closed properly are half-closed for less than this.
    private static readonly TimeSpan s_passing = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_lasting = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "half-closed connections will outlive their conntrack entry",
        What = """
            One side has sent its FIN, the other still works on its answer, and conntrack's countdown for the connection is about to end.
            Every packet restarts the countdown; a silent computation of some minutes does not.
            """,
        Why = "When the entry ends before the answer comes, the answer is not translated and never reaches its client.",
        Seen = $"""
            The remaining time of the entries whose socket is still half-closed and which translate an address or port, or whose table
            does not pick connections up again (nf_conntrack_tcp_loose 0): under Diagnosis:ExpiringWithin
            ({HumanText.Duration(Thresholds.Default.ExpiringWithin)}). Connections that only a client's pool keeps do not count. When the
            timeout is shorter than recommended, close-wait-timeout-short is the cause.
            """,
        Levels =
        [
            new(Severity.Info, $"half-closed for at least {HumanText.Duration(s_passing)}, not yet for {HumanText.Duration(s_lasting)}"),
            new(
                Severity.Warning,
                $"half-closed for at least {HumanText.Duration(s_lasting)}, for half of the entry's time, or for a time that is not known"),
        ],
        Needs = [SourceNames.Conntrack, SourceNames.Sockets],
        Checks =
        [
            new("entries and their remaining seconds", "conntrack -L -p tcp --state CLOSE_WAIT"),
            new(
                "the sockets, with their age (lastack)",
                "nsenter --net=/proc/$PID/ns/net ss -tnpieH state close-wait state fin-wait-1 state fin-wait-2"),
        ],
        Fixes =
        [
            .. SysctlFixes.Of(
                "sysctl, for connections from now on",
                "net.netfilter.nf_conntrack_tcp_timeout_close_wait",
                3600,
                FixPlace.Anywhere),
            new("kube-proxy flag", "--conntrack-tcp-timeout-close-wait=1h", FixPlace.WithKubeProxy, FixReach.HostTable),
        ],
        References =
        [
            "https://github.com/kubernetes/kubernetes/issues/32551",
            "https://docs.kernel.org/networking/nf_conntrack-sysctl.html",
        ],
        FollowsFrom =
        [
            new(CloseWaitLeakRule.Id, CauseReach.SameSubject),
            new(CloseWaitTimeoutShortRule.Id, CauseReach.SameSubject),
            new(CloseWaitTimeoutShortRule.Id, CauseReach.Node),
        ],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var pod in context.Current.Pods)
        {
            var summary = pod.HalfClosed;
            var expiring = summary.NeededEntryTimes.Below(context.Options.ExpiringWithin);
            if (expiring == 0 || summary.Oldest < s_passing)
            {
                continue;
            }

            var sample = context.ConnectionsOf(pod)
                .Where(static connection => connection is { Tracking: TrackingState.Expiring, NeedsEntry: not false })
                .ToList();
            var evidence = new List<string>
            {
                $"{HumanText.Count(expiring, "half-closed socket")} with an entry that they need and that ends within "
                + $"{HumanText.Duration(context.Options.ExpiringWithin)}; the oldest half-closed socket is "
                + (summary.Oldest is { } oldest ? $"{HumanText.Duration(oldest)} old." : "of unknown age."),
            };
            if (sample.Select(static connection => connection.Entry?.ExpiresIn).Min() is { } soonest)
            {
                evidence.Add($"The first ends in {HumanText.Duration(soonest)}.");
            }

            yield return Explanation.Report(
                IsLasting(sample, summary) ? Severity.Warning : Severity.Info,
                pod,
                $"{pod.Identity.DisplayName} has {HumanText.Count(expiring, "half-closed socket")} that conntrack is about "
                + "to forget",
                evidence,
                expiring,
                OwnTable.Tracks(context, pod) ? OwnTable.Fixes : null) with
            { Examples = HalfClosedText.Examples(sample) };
        }
    }

    // Worth a warning once a connection has lived through half of its time, or for long enough to be waiting for something.
    private static bool IsLasting(List<HalfClosedConnection> sample, HalfClosedSummary summary) =>
        summary.Oldest is null
        || summary.Oldest >= s_lasting
        || sample.Any(static connection => connection.Age is { } age && connection.Entry?.ExpiresIn is { } left && age >= left);
}
