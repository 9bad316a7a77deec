using System.Globalization;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Servers that close idle connections sooner than what is in front of them.</summary>
public sealed class BackendClosesIdleFirstRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "backend-closes-idle-first";

    // An estimate this near to the upstream's time may as well be equal to it.
    private const double ClearlyShorter = 0.9;

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
            Connections that were idle at one scan and closed first by the pod at the next (TIME_WAIT is held by the side that closed
            first), how long they had been idle by then, and that no established connection at the port idles for longer: under
            {HumanText.Percent(ClearlyShorter)} of Diagnosis:Upstream. A connection whose request waits for its answer is not idle.
            TIME_WAIT alone proves nothing: kubelet probes and clients that send "Connection: close" leave it on a healthy server, too. The
            estimate is of the real close; Node.js closes 1s after its keepAliveTimeout.
            """,
        Levels =
        [
            new(Severity.Info, "a guess from one scan, or numbers that disagree"),
            new(Severity.Warning, "seen"),
            new(Severity.Critical, "seen, and the pod sends resets meanwhile"),
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
            if (!Serving.IsTerminating(pod) && Estimates(context, pod) is [var worst, .. var others])
            {
                yield return Report(context, pod, worst, others);
            }
        }
    }

    /// <summary>The ports of a pod that close idle connections too soon, the best known first.</summary>
    internal static List<(Listener Listener, KeepAliveEstimate Estimate)> Estimates(DiagnosisContext context, PodSnapshot pod) =>
    [
        .. from listener in Serving.IsNodeOfCluster(context.Current, pod) ? [] : pod.Listeners
           let estimate = KeepAliveEstimate.Of(listener, pod.Running, Serving.ProbesPerMinute(pod))
           where estimate is not null && estimate.IdleTime < ClearlyShorter * context.Options.Upstream.KeepAlive
           group (listener, estimate) by listener.Port into port
           select port.MaxBy(static seen => seen.estimate.Closes) into seen
           orderby seen.estimate.IsSure descending, seen.estimate.Closes descending, seen.listener.Port
           select seen,
    ];

    private Finding Report(
        DiagnosisContext context,
        PodSnapshot pod,
        (Listener Listener, KeepAliveEstimate Estimate) worst,
        List<(Listener Listener, KeepAliveEstimate Estimate)> others)
    {
        var (listener, estimate) = worst;
        var upstream = context.Options.Upstream;
        var resets = Resets.Of(context, pod, listener, estimate)?.Amount ?? 0;
        var evidence = new List<string>();
        evidence.AddRange(Seen(listener, estimate));
        evidence.Add($"In front: {upstream.Title} ({upstream.Name}), which keeps idle connections for "
            + $"{HumanText.Duration(upstream.KeepAlive)} "
            + "(setting Diagnosis:Upstream).");
        evidence.AddRange(others.Select(static other => $"Also port {other.Listener.Port}: after about "
            + $"{HumanText.Duration(other.Estimate.IdleTime)}."));
        if (resets > 0 && estimate.IsSure)
        {
            evidence.Add($"The pod answered {HumanText.Count(resets)} packets with a reset meanwhile: requests that met the close.");
        }

        var finding = Explanation.Report(
            !estimate.IsSure ? Severity.Info : resets > 0 ? Severity.Critical : Severity.Warning,
            pod,
            $"{pod.Identity.DisplayName} closes idle connections after ~{HumanText.Duration(estimate.IdleTime)} (port {listener.Port}) "
            + $"while the load balancer keeps them {HumanText.Duration(upstream.KeepAlive)}: requests race with the close and fail "
                + "with 502",
            evidence,
            Math.Max(estimate.Closes, listener.ClosedByPodFirst),
            estimate.Sort(Explanation.Fixes),
            ("PORT", listener.Port.ToString(CultureInfo.InvariantCulture)),
            ("SECONDS", ((long)upstream.KeepAlive.TotalSeconds + 20).ToString(CultureInfo.InvariantCulture)));
        return finding with { Form = estimate.Resembles ?? "" };
    }

    private static IEnumerable<string> Seen(Listener listener, KeepAliveEstimate estimate)
    {
        if (estimate.Closes > 0)
        {
            yield return $"Port {listener.Port}: the pod was seen to close {HumanText.Count(estimate.Closes, "idle connection")} first; "
                + $"{HumanText.Count(listener.IdleClosesByPeerSeen ?? 0)} others were closed by the client or reset.";
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

        if (estimate.Resembles is { } whose)
        {
            yield return $"That is {whose}.";
        }

        if (!estimate.IsSure)
        {
            yield return estimate.Closes == 0
                ? "One scan cannot show who closes and when; to be sure: closewatch report --window 30s"
                : "The times disagree; to be sure, let the agent watch for some minutes: curl -s http://127.0.0.1:9742/report";
        }
    }
}
