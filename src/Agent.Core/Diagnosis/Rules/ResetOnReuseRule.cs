using System.Globalization;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Requests that met the close of an idle connection.</summary>
public sealed class ResetOnReuseRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "reset-on-reuse";

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "requests arrive on connections that the pod has just closed",
        What = """
            The pod closed an idle connection, a request was already on its way, and the kernel answered with a reset. This is the 502
            itself; the cause is nearly always backend-closes-idle-first. The tracker's entry of such a connection goes FIN_WAIT,
            CLOSE_WAIT, CLOSE instead of LAST_ACK, TIME_WAIT.
            """,
        Why = "Each of these requests failed: a load balancer answers 502 to its client.",
        Seen = $"""
            Requests that lay unread when the pod closed an idle connection, or came after that, one by one from the kernel's messages
            of how connections ended. Refused connections, health checks that end with a reset and uploads that were refused are none.
            Where ends are not heard: OutRsts in the pod's network namespace rises by more than TCPAbortOnClose explains, in a pod that
            seems to close idle connections; that is a guess.
            """,
        Levels =
        [
            new(Severity.Warning, "a guess from the resets that the pod sent"),
            new(Severity.Critical, $"requests were lost in the last {HumanText.Duration(RecentLosses.Window)}"),
        ],
        Explains = LossClaim.MetServersClose,
        Needs = [SourceNames.Sockets],
        Checks =
        [
            new(
                "resets and aborts in the pod's namespace",
                "nsenter --net=/proc/$PID/ns/net nstat -az TcpOutRsts TcpExtTCPAbortOnData TcpExtTCPAbortOnClose TcpEstabResets"),
            new(
                "the resets themselves",
                "nsenter --net=/proc/$PID/ns/net tcpdump -ni any 'tcp[tcpflags] & tcp-rst != 0 and src port $PORT'"),
        ],
        Fixes = KeepAliveFixes.All,
        References =
        [
            "https://nodejs.org/api/http.html#serverkeepalivetimeout",
            "https://www.rfc-editor.org/rfc/rfc9112#section-9.3.1",
        ],
        FollowsFrom =
        [
            new(BackendClosesIdleFirstRule.Id, CauseReach.SameSubject),
        ],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var pod in context.Current.Pods)
        {
            if (!Serving.IsTerminating(pod) && IdleClosing.Of(context, pod) is [var worst, ..] closings)
            {
                var lost = closings.FindAll(static closing => closing.LostCount > 0);
                if (lost.Count > 0)
                {
                    yield return Known(context, pod, lost);
                }
                else if (!worst.Estimate.IsExact && Guess(context, pod, worst) is { } guess)
                {
                    yield return guess;
                }
            }
        }
    }

    private Finding Known(DiagnosisContext context, PodSnapshot pod, List<IdleClosing> closings)
    {
        var worst = closings[0];
        var count = closings.Sum(static closing => closing.LostCount);
        List<string> evidence =
        [
            .. closings.Select(static closing => $"Port {closing.Listener.Port}: {HumanText.Count(closing.LostCount, "request")} lost in "
                + $"{HumanText.Duration(closing.Lost!.Value.Over)}, the last at {HumanText.Time(closing.Lost.Value.LastAt!.Value)}; the "
                + $"pod closes connections there that were idle for about {HumanText.Duration(closing.Estimate.IdleTime)}."),
            .. Causes(pod, worst.Listener.Port),
        ];
        return Report(
            context,
            pod,
            worst,
            Severity.Critical,
            $"{pod.Identity.DisplayName} lost {HumanText.Count(count, "request")} that came on idle connections it was just closing",
            evidence,
            count);
    }

    private static IEnumerable<string> Causes(PodSnapshot pod, ushort port) =>
        from lost in pod.Ends!.RequestsLost
        where lost.Role == EndRole.Server && lost.Port == port && lost.Cause is LossCause.UnreadAtClose or LossCause.AfterClose
        select $"Since it is watched: {HumanText.Count(lost.Count)} "
            + (lost.Cause == LossCause.AfterClose
                ? "came after the close."
                : "lay unread at the close: it was too busy to read them before its time-out closed the connection.");

    /// <summary>A reset alone has many causes: a closed port, a scan, an abort. Only with idle closes it may be a late request.</summary>
    private Finding? Guess(DiagnosisContext context, PodSnapshot pod, IdleClosing worst)
    {
        if (worst.OtherProtocol is not null || Resets.Of(context, pod, worst.Listener, worst.Estimate) is not { Amount: > 0 } resets)
        {
            return null;
        }

        var evidence = new List<string>
        {
            $"The pod sent {HumanText.Count((long)resets.Amount, "reset")} in {HumanText.Duration(resets.Over)} "
            + $"({HumanText.Rate(resets.Rate)}).",
            $"It seems to close idle connections at port {worst.Listener.Port} after about "
            + $"{HumanText.Duration(worst.Estimate.IdleTime)}.",
            "This is a guess: resets have other causes, too, and the ends of connections are not heard.",
        };
        if (resets.Unread > 0)
        {
            evidence.Add($"TCPAbortOnClose rose by {HumanText.Count(resets.Unread)}: it was too busy to read a request before its "
                + "time-out closed the connection.");
        }

        if (CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.AbortOnData) is { Amount: > 0 } aborts)
        {
            evidence.Add($"TCPAbortOnData rose by {HumanText.Count(aborts.Amount)}: data came to connections that the application had "
                + "already closed.");
        }

        return Report(
            context,
            pod,
            worst,
            Severity.Warning,
            $"{pod.Identity.DisplayName} sent {HumanText.Count((long)resets.Amount, "reset")}, probably to requests on idle connections "
            + "that it was just closing",
            evidence,
            (long)resets.Amount);
    }

    private Finding Report(
        DiagnosisContext context,
        PodSnapshot pod,
        IdleClosing worst,
        Severity severity,
        string title,
        List<string> evidence,
        long victims)
    {
        var finding = Explanation.Report(
            severity,
            pod,
            title,
            evidence,
            victims,
            BackendClosesIdleFirstRule.Fixes(worst),
            ("PORT", worst.Listener.Port.ToString(CultureInfo.InvariantCulture)),
            ("SECONDS", ((long)context.Options.Upstream.KeepAlive.TotalSeconds + 20).ToString(CultureInfo.InvariantCulture)),
            ("BELOW", HumanText.Duration(0.8 * worst.Estimate.IdleTime)));
        return worst.OtherProtocol is null
            ? finding
            : finding with { Why = "Each of these requests failed: its client got a reset instead of an answer." };
    }
}
