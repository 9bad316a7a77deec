using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Clients whose pool keeps idle connections for longer than what they call does.</summary>
public sealed class UpstreamClosesIdleFirstRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "upstream-closes-idle-first";

    private const long Several = 3;

    // Of the other side's time-out: so long the pool may keep a connection.
    private const double PoolShare = 0.8;

    private static readonly ImmutableArray<FindingFix> s_fixes =
    [
        new("nginx, in the upstream block", "keepalive_timeout ${SECONDS}s;", FixPlace.Of(ServerRuntime.Nginx)),
        new(
            "Node.js (undici, fetch)",
            "setGlobalDispatcher(new Agent({ keepAliveTimeout: $SECONDS * 1000, keepAliveMaxTimeout: $SECONDS * 1000 }));",
            FixPlace.Of(ServerRuntime.NodeJs)),
        new("Go", "tr := &http.Transport{IdleConnTimeout: $SECONDS * time.Second}", FixPlace.Of(ServerRuntime.Go)),
        new(
            ".NET",
            "new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromSeconds($SECONDS) }",
            FixPlace.Of(ServerRuntime.DotNet)),
        new(
            "Java (Apache HttpClient)",
            "HttpClients.custom().evictIdleConnections(TimeValue.ofSeconds($SECONDS)).build()",
            FixPlace.Of(ServerRuntime.Java)),
        new(
            "Python (SQLAlchemy)",
            "create_engine(url, pool_pre_ping=True, pool_recycle=$SECONDS)",
            FixPlace.Of(ServerRuntime.Python)),
        new("what it calls, where that is yours", "a keep-alive time-out that is longer than that of every client's pool"),
    ];

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "what the pod calls closes idle connections before the pod's own pool does",
        What = """
            The pod keeps connections to another service in a pool and sends the next request on one that is idle. The other side has a
            shorter time-out and closes that connection at the same moment, or has closed it already and the pool did not look: the request
            is answered with a reset. This is backend-closes-idle-first seen from the client.
            """,
        Why = "The pod's own requests fail, now and then, although what it calls is healthy; its users see that as errors of the pod.",
        Seen = """
            The ends of connections that the pod opened: requests that were answered with a reset after the connection had been idle for
            about as long as the other side keeps idle connections, or longer. The other side's closes tell how long that is. Where the
            other side is on this node, too, the requests are counted there, and backend-closes-idle-first names it. Closes of idle
            connections alone, which every pool lives with, are no finding.
            """,
        Levels =
        [
            new(Severity.Warning, $"a request was lost in the last {HumanText.Duration(RecentLosses.Window)}"),
            new(Severity.Critical, $"{Several} or more"),
        ],
        Explains = LossClaim.MetPeersClose,
        Needs = [SourceNames.ConnectionEnds],
        Checks =
        [
            new("each lost request as it happens", "closewatch trace --lost --port $PORT --for 60s"),
            new("resets that the pod received", "nsenter --net=/proc/$PID/ns/net nstat -az TcpEstabResets"),
            new(
                "how long its connections have been idle (lastsnd)",
                "nsenter --net=/proc/$PID/ns/net ss -tniH state established dport = :$PORT"),
        ],
        Fixes = s_fixes,
        References =
        [
            "https://www.rfc-editor.org/rfc/rfc9112#section-9.5",
            "https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive_timeout",
        ],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var pod in context.Current.Pods)
        {
            if (ReuseLosses.Of(context, pod).Where(static losses => losses.MetTheClose).ToList() is [var worst, ..] all)
            {
                yield return Report(context, pod, worst, all);
            }
        }
    }

    private Finding Report(DiagnosisContext context, PodSnapshot pod, ReuseLosses worst, List<ReuseLosses> all)
    {
        var count = all.Sum(static losses => losses.Lost.Count);
        var closes = worst.PeerCloses!;
        var evidence = all.Select(static losses => Line(losses)).ToList();
        if (CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.EstablishedResets) is { Amount: > 0 } resets)
        {
            evidence.Add($"EstabResets of the pod rose by {HumanText.Count(resets.Amount)} in {HumanText.Duration(resets.Over)}.");
        }

        return Explanation.Report(
            count >= Several ? Severity.Critical : Severity.Warning,
            pod,
            $"what {pod.Identity.DisplayName} calls at port {worst.Port} closes idle connections after about "
            + $"{HumanText.Duration(closes.Median)}, sooner than the pod's own pool: {HumanText.Count(count, "request")} met the close",
            evidence,
            count,
            null,
            ("PORT", worst.Port.ToString(CultureInfo.InvariantCulture)),
            ("SECONDS", Math.Max(1, (long)(PoolShare * closes.Median.TotalSeconds)).ToString(CultureInfo.InvariantCulture))) with
        {
            Ports = [.. all.Select(static losses => losses.Port)],
            Brief = $"lost {HumanText.Count(count, "request")} on idle connections that port {worst.Port} closed after about "
                + HumanText.Duration(closes.Median),
        };
    }

    private static string Line(ReuseLosses losses)
    {
        var (lost, closes) = (losses.Lost, losses.PeerCloses!);
        return $"Port {losses.Port}: {HumanText.Count(lost.Count, "request")} in {HumanText.Duration(lost.Over)} met a reset, on "
            + $"connections that had been idle for about {HumanText.Duration(losses.IdleBefore)}; the last at "
            + $"{HumanText.Time(lost.LastAt!.Value)}. The other side was seen to close "
            + $"{HumanText.Count(closes.Count, "idle connection")} there, after about {HumanText.Duration(closes.Median)}.";
    }
}
