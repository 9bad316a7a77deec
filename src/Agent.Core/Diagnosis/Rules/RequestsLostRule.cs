using System.Globalization;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Lost requests that no other finding explains.</summary>
public sealed class RequestsLostRule : IRemainderRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "requests-lost";

    // One may be anybody's mishap; so many are not.
    private const long Several = 2;
    private const long Many = 5;

    private const int LinesShown = 6;

    // Trouble that is over is forgotten; what made it is known by then, or not at all.
    private static readonly TimeSpan s_over = TimeSpan.FromMinutes(2);

    private static readonly FindingFix s_tracePod = new(
        "now, to see each one as it happens", "closewatch trace --lost --pod $NAMESPACE/$POD", FixPlace.Pod);
    private static readonly FindingFix s_trace = new("now, to see each one as it happens", "closewatch trace --lost --port $PORT");
    private static readonly FindingFix s_logs = new(
        "pod, where a server took the request and died", "kubectl -n $NAMESPACE logs $POD --since=10m --timestamps", FixPlace.Pod);
    private static readonly FindingFix s_worker = new(
        "gunicorn, whose master kills a worker that is busy for longer (30s)",
        "gunicorn --timeout 120 app:app",
        FixPlace.Of(ServerRuntime.Gunicorn));

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "requests got no answer because their connection ended",
        What = """
            A request reached a connection of the pod, or was sent by it, and the connection ended without an answer. The kernel's last
            message of each connection tells that, so it is counted one by one, never estimated. This finding has what the others leave
            unexplained: who, at which port, in which way, how many and when.
            """,
        Why = "Whoever sent these requests got a reset or an end of file instead of an answer.",
        Seen = $"""
            The ends of connections: data that lay unread when the server closed, that came after its close, or that was taken and not
            answered. Requests that a finding of at least a warning about the same pod explains (an idle time-out, a restart, a
            termination) are not told again; what one of these may explain soon is told after {HumanText.Duration(LossPatience.Least)}, or
            after up to {HumanText.Duration(LossPatience.Most)} where that takes longer to be known.
            {HumanText.Duration(s_over)} after the last one it is over. Clients that gave up waiting are not among them, nor bytes that may
            be last words of TLS or HTTP/2.
            """,
        Levels =
        [
            new(
                Severity.Info,
                $"a single one in the last {HumanText.Duration(RecentLosses.Window)}; also where the client may never have finished its "
                + "request, spoke another protocol, wanted no answer, or was refused by nginx (return 444)"),
            new(Severity.Warning, $"{Several} or more"),
            new(Severity.Critical, $"{Many} or more"),
        ],
        Needs = [SourceNames.ConnectionEnds],
        Checks =
        [
            new("each lost request as it happens, with the idle time before", "closewatch trace --lost --port $PORT --for 60s"),
            new("whether the server's process was replaced", "ps -eo pid,lstart,etime,args --sort=start_time | tail"),
            new(
                "resets and aborts in the pod's namespace",
                "nsenter --net=/proc/$PID/ns/net nstat -az TcpOutRsts TcpEstabResets TcpExtTCPAbortOnData"),
        ],
        Fixes = [s_tracePod, s_trace, s_logs, s_worker],
        References = ["https://www.rfc-editor.org/rfc/rfc9112#section-9.5"],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context, IReadOnlyCollection<Finding> others)
    {
        foreach (var pod in context.Current.Pods)
        {
            var subject = FindingSubject.Of(pod.Identity);
            var losses = (pod.Ends?.RequestsLost ?? [])
                .Where(lost => !LossClaim.IsExplained(others, subject, lost))
                .Select(lost => new Loss(lost, RecentLosses.Of(context, pod, known => known == lost)?.Count ?? 0))
                .Where(static loss => loss.Count > 0)
                .OrderByDescending(static loss => loss.Count)
                .ToList();
            if (losses.Count > 0 && losses.Max(static loss => loss.Lost.LastAt) >= context.Current.TakenAt - s_over)
            {
                yield return Report(context, pod, losses);
            }
        }
    }

    private Finding Report(DiagnosisContext context, PodSnapshot pod, List<Loss> losses)
    {
        var count = losses.Sum(static loss => loss.Count);
        var unsure = losses.ToDictionary(static loss => loss, loss => UnsureLoss.Of(pod, loss.Lost));
        var sure = losses.Where(loss => unsure[loss] is null).Sum(static loss => loss.Count);
        losses = [.. losses.OrderBy(loss => unsure[loss] is not null)];
        var worst = losses[0].Lost;
        var all = losses.Select(static loss => loss.Lost).ToHashSet();
        var recent = RecentLosses.Of(context, pod, all.Contains);
        return Explanation.Report(
            sure >= Many ? Severity.Critical : sure >= Several ? Severity.Warning : Severity.Info,
            pod,
            sure == 0
                ? $"{pod.Identity.DisplayName} closed {HumanText.Count(count, "connection")} in {HumanText.Duration(recent?.Over)} without "
                    + $"an answer to what came on them, which need not be requests (port {Port(worst)})"
                : $"{pod.Identity.DisplayName} lost {HumanText.Count(count, "request")} in {HumanText.Duration(recent?.Over)}: "
                    + $"{How(worst)}{(losses.Count > 1 ? $" ({HumanText.Percent((double)losses[0].Count / count)} of them)" : "")}",
            [.. Lines(losses), .. unsure.Values.OfType<string>().Distinct(), .. Shares(context, pod, losses)],
            count,
            Fixes(worst),
            ("PORT", worst.Port.ToString(CultureInfo.InvariantCulture))) with
        {
            Form = sure == 0 ? "unsure" : $"{worst.Role} {worst.Cause}",
            Patience = losses.Max(loss => LossPatience.Of(context, pod, loss.Lost)),
        };
    }

    private static IEnumerable<FindingFix> Fixes(LostRequests worst) => worst is { Role: EndRole.Server, Cause: LossCause.Unanswered }
        ? [s_tracePod, s_trace, s_logs, s_worker]
        : [s_tracePod, s_trace];

    private static string How(LostRequests lost) => (lost.Role, lost.Cause) switch
    {
        (EndRole.Server, LossCause.UnreadAtClose) => $"they lay unread when it closed the connection (port {Port(lost)})",
        (EndRole.Server, LossCause.AfterClose) => $"they came when it had just closed the connection (port {Port(lost)})",
        (EndRole.Server, _) => $"it took them and closed the connection without an answer (port {Port(lost)})",
        (_, LossCause.Unanswered) => $"what it calls at port {Port(lost)} took them and closed the connection without an answer",
        _ => $"what it calls at port {Port(lost)} answered them with a reset",
    };

    private static string Port(LostRequests lost) => lost.Port == 0 ? "unknown" : lost.Port.ToString(CultureInfo.InvariantCulture);

    private static IEnumerable<string> Lines(List<Loss> losses) => losses.Count <= LinesShown
        ? losses.Select(static loss => Line(loss))
        : losses.Take(LinesShown).Select(static loss => Line(loss))
            .Append($"{HumanText.Count(losses.Skip(LinesShown).Sum(static loss => loss.Count), "request")} more at other ports.");

    private static string Line(Loss loss)
    {
        var lost = loss.Lost;
        var idle = lost.IdleBefore is { } before
            ? $" Before them the connections had been idle for about {HumanText.Duration(before)}."
            : "";
        return $"{HumanText.Count(loss.Count, "request")}: {How(lost)}; the last at {HumanText.Time(lost.LastAt)}.{idle}";
    }

    // How many requests there were in all nobody counts; how many connections ended, the kernel tells.
    private static IEnumerable<string> Shares(DiagnosisContext context, PodSnapshot pod, List<Loss> losses)
    {
        foreach (var role in losses.Select(static loss => loss.Lost.Role).Distinct())
        {
            if (Ends(context, pod, role) is > 0 and var ends)
            {
                var lost = losses.Where(loss => loss.Lost.Role == role).Sum(static loss => loss.Count);
                var whose = role == EndRole.Server ? "that it accepted" : "that it opened";
                yield return $"{HumanText.Count(ends, "connection")} {whose} ended meanwhile, "
                    + $"{HumanText.Percent(Math.Min(1, (double)lost / ends))} of them with a lost request.";
            }
        }
    }

    private static long Ends(DiagnosisContext context, PodSnapshot pod, EndRole role)
    {
        var before = context.HistoryOf(pod.Identity)
            .FirstOrDefault(seen => seen.Pod.Ends is not null && context.Current.TakenAt - seen.TakenAt <= RecentLosses.Window);
        return Total(pod.Ends) - Total(before?.Pod.Ends);

        long Total(EndsSummary? ends) => (role == EndRole.Server ? ends?.Server.Total : ends?.Client.Total) ?? 0;
    }

    private sealed record Loss(LostRequests Lost, long Count);
}
