using Agent.Core.Model;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Half-closed sockets whose conntrack entry is gone.</summary>
public sealed class HalfClosedUntrackedRule : IFindingRule
{
    /// <inheritdoc/>
    public string Id => FindingIds.HalfClosedUntracked;

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
                $"{Text.Count(summary.Untracked, "half-closed socket")} of {Text.Number(summary.Sockets)} without a conntrack entry, although the other connections there are tracked.",
            ];
            var severity = SeverityOf(pod, sample, context.Options);
            if (severity < Severity.Critical)
            {
                evidence.Add("Nobody seems to be waiting for an answer on them: the application has closed them, or never will.");
            }

            yield return FindingCatalog.Get(Id).Report(
                severity,
                pod,
                $"{pod.Identity.DisplayName} has {Text.Count(summary.Untracked, "half-closed socket")} that conntrack has forgotten: what they send next is lost",
                evidence,
                summary.Untracked,
                OwnTable.Tracks(context, pod) ? OwnTable.Fixes : OwnTable.FixesOfHost) with
            { Examples = HalfClosedText.Examples(sample) };
        }
    }

    // A socket that nobody owns any more sends nothing; a leak that outlived even the recommended timeout is the application's fault, not conntrack's.
    private static Severity SeverityOf(PodSnapshot pod, List<HalfClosedConnection> sample, Thresholds options)
    {
        var orphans = sample.Count > 0 && sample.All(static connection => connection is { State: TcpState.FinWait2, Inode: 0 });
        var leaked = pod.HalfClosed.LeakedCloseWaitSockets >= options.LeakCount && sample.Count > 0 && sample.All(connection => connection.Age >= options.CloseWaitTimeout);
        return orphans || leaked ? Severity.Info : Severity.Critical;
    }
}
