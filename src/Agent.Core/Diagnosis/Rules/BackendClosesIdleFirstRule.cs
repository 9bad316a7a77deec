using System.Globalization;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Servers that close idle connections sooner than what is in front of them.</summary>
public sealed class BackendClosesIdleFirstRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "backend-closes-idle-first";

    private const string WhyOfPools = "A client that sends on a connection at the moment of its close gets a reset instead of an answer; "
        + "its pool has to drop idle connections sooner, or look before it uses one.";
    private const string ReferenceOfPools = "https://www.rfc-editor.org/rfc/rfc9293#section-3.6";

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "the backend closes idle connections before its load balancer does",
        What = """
            A load balancer keeps connections to its backends open and sends the next request on one that is idle. A server with a shorter
            keep-alive time-out closes that connection at the same moment: the request crosses the FIN on the way, is answered with a reset,
            and the load balancer says 502, because it may not repeat what the server might have begun. It happens after every quiet moment,
            a few requests in ten thousand, and shows in no log of the application.
            """,
        Why = "The load balancer reuses a connection that the pod is just closing: that request is reset and fails with 502, now and "
            + "then, without a trace in the application's log.",
        Seen = $"""
            The kernel's message for each connection that ended: the pod closed it first, by itself, after it had been idle. Idle
            connections must be closed at about one age, and none may live that idled for longer. Connections closed at one instant count
            once; where they had been idle for different times, or new workers of the server start again and again at such moments, it was
            a reload. What a proxy closes because the server behind it has closed does not count. The age must be under
            {HumanText.Percent(IdleClosing.ClearlyShorter)} of Diagnosis:Upstream. It is that of the real close; Node.js closes 1s after
            its keepAliveTimeout. Closes count for {HumanText.Duration(ExactKeepAlive.Memory)}, the last three while they follow one
            another within that, until the server is started anew, or until connections live that idled for longer. Where ends are not
            heard, scans compare idle connections with sockets in TIME_WAIT; that is a guess.
            """,
        Levels =
        [
            new(
                Severity.Info,
                "a guess: from scans, from a single close, or beside connections that idle for longer; also where no HTTP is spoken and "
                + "nothing was lost"),
            new(Severity.Warning, "known, and no request was lost so far; or a guess while the pod sends resets"),
            new(Severity.Critical, $"known, and requests were lost by it in the last {HumanText.Duration(RecentLosses.Window)}"),
        ],
        Explains = LossClaim.MetServersClose,
        Needs = [SourceNames.Sockets],
        Checks =
        [
            new("connections that the pod closed first", "nsenter --net=/proc/$PID/ns/net ss -tnoH state time-wait sport = :$PORT | wc -l"),
            new(
                "how long established ones have been idle (lastrcv)",
                "nsenter --net=/proc/$PID/ns/net ss -tniH state established sport = :$PORT"),
            new(
                "when the server closes an idle connection",
                "bash -c 'exec 3<>/dev/tcp/'$ADDRESS/$PORT'; printf \"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\" >&3; time cat "
                + "<&3 >/dev/null'"),
            new(
                "the load balancer's word (Google Cloud)",
                "gcloud logging read 'jsonPayload.statusDetails=\"backend_connection_closed_before_data_sent_to_client\"' --limit 10"),
        ],
        Fixes = KeepAliveFixes.All,
        References =
        [
            "https://cloud.google.com/load-balancing/docs/https#timeouts_and_retries",
            "https://nodejs.org/api/http.html#serverkeepalivetimeout",
            "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#connection-idle-timeout",
        ],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var pod in context.Current.Pods)
        {
            // A pod that ends closes its idle connections, as it should.
            if (!Serving.IsTerminating(pod) && IdleClosing.Of(context, pod) is [var worst, .. var others])
            {
                yield return Report(context, pod, worst, others);
            }
        }
    }

    private Finding Report(DiagnosisContext context, PodSnapshot pod, IdleClosing worst, List<IdleClosing> others)
    {
        var (listener, estimate) = (worst.Listener, worst.Estimate);
        var upstream = context.Options.Upstream;
        var resets = estimate.IsExact ? null : Resets.Of(context, pod, listener, estimate);
        var evidence = new List<string>();
        evidence.AddRange(Seen(worst));
        if (worst.OtherProtocol is null)
        {
            evidence.Add($"In front: {upstream.Title} ({upstream.Name}), which keeps idle connections for "
                + $"{HumanText.Duration(upstream.KeepAlive)} (setting Diagnosis:Upstream).");
        }

        evidence.AddRange(others.Select(static other => $"Also port {other.Listener.Port}: after about "
            + $"{HumanText.Duration(other.Estimate.IdleTime)}."));
        if (resets is { Amount: > 0 } && estimate.IsSure)
        {
            evidence.Add($"The pod sent {HumanText.Count(resets.Value.Amount)} resets meanwhile, which may be answers to requests that met "
                + "the close.");
        }

        var severity = worst.LostCount > 0 ? Severity.Critical
            : worst.IsKnown ? worst.OtherProtocol is null ? Severity.Warning : Severity.Info
            : resets is { Amount: > 0 } && estimate.IsSure && worst.OtherProtocol is null ? Severity.Warning
            : Severity.Info;
        var finding = Explanation.Report(
            severity,
            pod,
            Title(pod, worst, upstream),
            evidence,
            worst.LostCount > 0 ? worst.LostCount : Math.Max(estimate.Closes, listener.ClosedByPodFirst),
            Fixes(worst),
            ("PORT", listener.Port.ToString(CultureInfo.InvariantCulture)),
            ("SECONDS", ((long)upstream.KeepAlive.TotalSeconds + 20).ToString(CultureInfo.InvariantCulture)),
            ("BELOW", HumanText.Duration(0.8 * estimate.IdleTime)));
        return finding with
        {
            Why = worst.OtherProtocol is null ? finding.Why : WhyOfPools,
            Reference = worst.OtherProtocol is null ? finding.Reference : ReferenceOfPools,
            Form = worst.OtherProtocol ?? estimate.Resembles ?? "",
            Brief = Closes(worst)
                + (worst.OtherProtocol is null ? $", load balancer: {HumanText.Duration(upstream.KeepAlive)}" : ""),
        };
    }

    /// <summary>What to set: at the server, or where it is no HTTP server in the pools of its clients.</summary>
    internal static IEnumerable<FindingFix> Fixes(IdleClosing closing) => closing.OtherProtocol is { } other
        ? KeepAliveFixes.ForPools(other)
        : closing.Estimate.Sort(KeepAliveFixes.All);

    private static string Title(PodSnapshot pod, IdleClosing worst, Upstream upstream)
    {
        return $"{pod.Identity.DisplayName} {Closes(worst)}" + (worst.OtherProtocol is null
            ? $" while the load balancer keeps them {HumanText.Duration(upstream.KeepAlive)}: requests race with the close and fail with "
                + "502"
            : ": what a client sends on one at that moment is lost");
    }

    private static string Closes(IdleClosing worst) =>
        $"{(worst.IsKnown ? "closes" : "seems to close")} idle {(worst.OtherProtocol is { } other ? $"{other} " : "")}connections "
        + $"after about {HumanText.Duration(worst.Estimate.IdleTime)} (port {worst.Listener.Port})";

    private static IEnumerable<string> Seen(IdleClosing closing)
    {
        var (listener, estimate) = (closing.Listener, closing.Estimate);
        if (closing.Lost is { Count: > 0 } lost)
        {
            yield return $"{HumanText.Count(lost.Count, "request")} met such a close in {HumanText.Duration(lost.Over)} and got no answer; "
                + $"the last at {HumanText.Time(lost.LastAt!.Value)}.";
        }

        if (estimate.Events is { } events)
        {
            yield return $"Port {listener.Port}: the pod closed {HumanText.Count(estimate.Closes, "idle connection")} by itself, at "
                + $"{HumanText.Count(events, "moment")}, all after about {HumanText.Duration(estimate.IdleTime)}; the last at "
                + $"{HumanText.Time(estimate.LastAt!.Value)}.";
            if (listener.LongestIdle is { } longest && !estimate.OthersIdleLonger)
            {
                yield return $"No established connection there is idle for longer than {HumanText.Duration(longest)} now.";
            }
        }
        else if (estimate.Closes > 0)
        {
            yield return $"Port {listener.Port}: scans saw the pod close {HumanText.Count(estimate.Closes, "idle connection")} first; "
                + $"{HumanText.Count(listener.IdleClosesByPeerSeen ?? 0)} others were closed by the client or reset.";
        }

        foreach (var line in Sampled(listener, estimate))
        {
            yield return line;
        }

        if (closing.OtherProtocol is null && estimate.Resembles is { } whose)
        {
            yield return $"That is like {whose}.";
        }

        if (!closing.IsKnown)
        {
            yield return Doubt(estimate);
        }
    }

    private static IEnumerable<string> Sampled(Listener listener, KeepAliveEstimate estimate)
    {
        if (estimate.IsExact)
        {
            yield break;
        }

        if (listener.ClosedByPodFirst > 0)
        {
            yield return $"{HumanText.Count(listener.ClosedByPodFirst, "connection")} at port {listener.Port} in TIME_WAIT: the pod closed "
                + "first (probes and clients that ask for the close are among them).";
        }

        if (listener.Idle is { } idle)
        {
            yield return $"No established connection there was idle for longer than {HumanText.Duration(idle.Ceiling)} "
                + $"({HumanText.Count(idle.Samples)} samples).";
        }
    }

    private static string Doubt(KeepAliveEstimate estimate) => estimate switch
    {
        { OthersIdleLonger: true } => "Other connections there idle for longer and live, so this is no time-out for all of them.",
        { IsExact: true } => "That is too few to be sure; let the agent watch for some minutes: curl -s http://127.0.0.1:9742/report",
        { Closes: 0 } => "One scan cannot show who closes and when; to be sure: closewatch report --window 30s",
        _ => "This is a guess from scans: the ends of connections are not heard (closewatch explain source-unavailable).",
    };
}
