using Agent.Core.Model;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>CLOSE_WAIT sockets that stay: the application does not close what its peers closed.</summary>
public sealed class CloseWaitLeakRule : IFindingRule
{
    // So many times Diagnosis:LeakCount, and descriptors or workers run out.
    private const int Many = 10;

    /// <inheritdoc/>
    public string Id => FindingIds.CloseWaitLeak;

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var pod in context.Current.Pods)
        {
            var leaked = pod.HalfClosed.LeakedCloseWaitSockets;
            if (leaked < context.Options.LeakCount)
            {
                continue;
            }

            var history = context.HistoryOf(pod.Identity).ToList();
            var sample = context.ConnectionsOf(pod).Where(static connection => connection.State == TcpState.CloseWait).ToList();
            var growth = history.Count == 0 ? 0 : Growth(history[0].Pod.HalfClosed, pod.HalfClosed);
            var critical = leaked >= Many * context.Options.LeakCount || growth >= context.Options.LeakCount;
            yield return FindingCatalog.Get(Id).Report(
                critical ? Severity.Critical : Severity.Warning,
                pod,
                $"{pod.Identity.DisplayName} does not close {Text.Count(leaked, "connection")} that its peers closed more than {Text.Duration(context.Options.LeakAge)} ago",
                Evidence(context, pod, sample, history, growth),
                leaked) with
            { Examples = HalfClosedText.Examples(sample) };
        }
    }

    // Sockets that only grew old enough to count are not more sockets.
    private static long Growth(HalfClosedSummary before, HalfClosedSummary now) =>
        Math.Min(now.LeakedCloseWaitSockets - before.LeakedCloseWaitSockets, now.CloseWaitSockets - before.CloseWaitSockets);

    private static IEnumerable<string> Evidence(DiagnosisContext context, PodSnapshot pod, List<HalfClosedConnection> sample, List<PodObservation> history, long growth)
    {
        var summary = pod.HalfClosed;
        var oldest = summary.Oldest is { } age ? $"; the oldest half-closed socket is {Text.Duration(age)} old" : "";
        yield return $"{Text.Count(summary.CloseWaitSockets, "socket")} in CLOSE_WAIT, {Text.Number(summary.LeakedCloseWaitSockets)} of them older than {Text.Duration(context.Options.LeakAge)}{oldest}.";
        if (HalfClosedText.Processes(sample) is { Length: > 0 } processes)
        {
            yield return $"Owner: {processes}.";
        }

        if (summary.UnreadBytes > 0)
        {
            yield return $"{Text.Number(summary.UnreadBytes)} bytes lie unread in half-closed sockets: the application has stopped reading them.";
        }

        if (growth > 0)
        {
            yield return $"{Text.Number(growth)} more than {Text.Duration(context.Current.TakenAt - history[0].TakenAt)} ago: they accumulate.";
        }
        else if (history.Count == 0)
        {
            yield return "One scan does not show whether they accumulate; to be sure: closewatch report --window 60s";
        }

        // A proxy that waits for its application holds both legs: the one in CLOSE_WAIT, the other in FIN_WAIT2.
        if (sample.Where(connection => connection.OtherEnd == pod.Identity).ToList() is { Count: > 0 } behindProxy)
        {
            yield return $"{Text.Number(summary.FinWait2Sockets)} sockets in FIN_WAIT2 are a proxy's in this pod, which has passed the close on: it is the application behind it that does not close{(HalfClosedText.Processes(behindProxy) is { Length: > 0 } application ? $", {application}" : "")}.";
        }
        else if (summary.FinWait2Sockets >= summary.CloseWaitSockets * 0.8 && summary.FinWait2Sockets <= summary.CloseWaitSockets * 1.2)
        {
            yield return $"{Text.Number(summary.FinWait2Sockets)} sockets in FIN_WAIT2 mirror them: a proxy in this pod holds both legs, so look at the application behind it.";
        }
    }
}
