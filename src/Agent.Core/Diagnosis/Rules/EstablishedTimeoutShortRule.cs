using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Conntrack's established timeout against what keeps idle connections open in front of the pods.</summary>
public sealed class EstablishedTimeoutShortRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "established-timeout-short";

    private const int NamesShown = 3;

    private static readonly ImmutableArray<FindingFix> s_fixes =
    [
        new("kube-proxy flag", "--conntrack-tcp-timeout-established=24h", FixPlace.WithKubeProxy, FixReach.HostTable),
        new("kube-proxy configuration", "conntrack: {tcpEstablishedTimeout: 24h0m0s}", FixPlace.WithKubeProxy, FixReach.HostTable),
        new(
            "sysctl on a node without kube-proxy",
            "sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=86400",
            FixPlace.NodeShell with { KubeProxy = false },
            FixReach.HostTable),
        new(
            "sysctl in the pod's own namespace",
            "nsenter --net=/proc/$PID/ns/net sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=86400",
            FixPlace.NodeShell,
            FixReach.PodTables),
        new(
            "the clients, so that connections are never idle for so long",
            "TCP keep-alive: net.ipv4.tcp_keepalive_time=$KEEPALIVE, and SO_KEEPALIVE on the sockets",
            FixPlace.Anywhere,
            FixReach.HostTable | FixReach.PodTables),
    ];

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "conntrack forgets idle connections sooner than the load balancer does",
        What = """
            An established connection that is idle for longer than nf_conntrack_tcp_timeout_established loses its entry and, where an
            address or port was translated (a Service, masquerading, a node port), the translation. The next request on it is taken for a
            new connection, goes to another backend, which knows nothing of it, and is answered with a reset; or it is dropped. The kernel's
            default is 5d, kube-proxy sets 1d; somebody made it shorter than idle connections live. Where nothing is translated, conntrack
            picks the connection up again and nothing is lost.
            """,
        Why = "The first request after a quiet time is reset or times out, on a connection that both ends believe to be open.",
        Seen = """
            The timeout of the host's namespace, and of every pod namespace that tracks connections, against Diagnosis:Upstream; lost
            requests of role client on connections that had been idle for longer than the timeout and that the other side had not closed.
            """,
        Levels =
        [
            new(Severity.Info, "the setting, where pods have connections"),
            new(
                Severity.Warning,
                "connections there are idle for longer, so they are forgotten already, and resets are sent that no end of a connection "
                + "explains; a guess, because nothing tells whether these connections are translated"),
            new(
                Severity.Critical,
                "requests were lost on connections that had been idle for longer, and that the other side had not closed"),
        ],
        Explains = LossClaim.MetPeersClose,
        Needs = [SourceNames.Sysctl],
        Checks =
        [
            new("the host's timeout", "sysctl net.netfilter.nf_conntrack_tcp_timeout_established"),
            new("a pod's own timeout", "nsenter --net=/proc/$PID/ns/net sysctl net.netfilter.nf_conntrack_tcp_timeout_established"),
            new("how long connections have been idle (lastrcv)", "nsenter --net=/proc/$PID/ns/net ss -tniH state established"),
            new("lost requests with the idle time before", "closewatch trace --lost --for 60s"),
        ],
        Fixes = s_fixes,
        References =
        [
            "https://docs.kernel.org/networking/nf_conntrack-sysctl.html",
            "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-proxy/",
        ],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        var pods = context.Current.Pods;
        if (Short(context, context.Current.HostSettings) is { } host)
        {
            var here = pods.Where(pod => pod.IsTracked != false && OwnTimeout(context, pod) is null).ToList();
            var node = FindingSubject.Node(context.Current);
            if (Judge(context, here, host, "conntrack on this node", node, FixReach.HostTable) is { } finding)
            {
                yield return finding;
            }
        }

        foreach (var pod in pods)
        {
            if (OwnTimeout(context, pod) is { } own
                && Judge(
                    context,
                    [pod],
                    own,
                    $"{pod.Identity.DisplayName}'s own conntrack table",
                    FindingSubject.Of(pod.Identity),
                    FixReach.PodTables) is { } finding)
            {
                yield return finding;
            }
        }
    }

    private static TimeSpan? OwnTimeout(DiagnosisContext context, PodSnapshot pod) =>
        OwnTable.Tracks(context, pod) ? Short(context, pod.Settings) : null;

    private static TimeSpan? Short(DiagnosisContext context, NetfilterSettings? settings) =>
        settings?.EstablishedSeconds is { } seconds and > 0 && TimeSpan.FromSeconds(seconds) is var timeout
        && timeout < context.Options.Upstream.KeepAlive
            ? timeout
            : null;

    private Finding? Judge(
        DiagnosisContext context, List<PodSnapshot> pods, TimeSpan timeout, string where, FindingSubject subject, FixReach reach)
    {
        var lost = pods
            .Select(pod => (Pod: pod, Losses: ReuseLosses.Of(context, pod).Where(losses => IsForgotten(losses, timeout)).ToList()))
            .Where(static pair => pair.Losses.Count > 0)
            .OrderByDescending(static pair => pair.Losses.Sum(static losses => losses.Lost.Count))
            .ToList();
        var serving = pods.Where(static pod => Serving.Connections(pod) > 0).ToList();
        if (lost.Count == 0 && serving.Count == 0)
        {
            return null;
        }

        var count = lost.Sum(static pair => pair.Losses.Sum(static losses => losses.Lost.Count));
        var idle = serving.Where(pod => pod.Listeners.Any(listener => listener.Idle?.Ceiling > timeout)).ToList();
        var resets = idle.Count == 0 ? 0 : pods.Sum(pod => UnexplainedResets(context, pod));
        var evidence = new List<string>
        {
            $"net.netfilter.nf_conntrack_{NetfilterSettings.Established} there is {HumanText.Duration(timeout)}.",
            $"In front: {context.Options.Upstream.Title} ({context.Options.Upstream.Name}), which keeps idle connections for "
                + $"{HumanText.Duration(context.Options.Upstream.KeepAlive)} (setting Diagnosis:Upstream).",
        };
        evidence.AddRange(lost.Take(NamesShown).Select(static pair => Line(pair.Pod, pair.Losses)));
        if (idle.Count > 0)
        {
            evidence.Add($"Connections of {HumanText.Count(idle.Count, "pod")} are idle for longer than that, such as those of "
                + $"{string.Join(", ", idle.Take(NamesShown).Select(static pod => pod.Identity.DisplayName))}"
                + (resets > 0 ? $"; meanwhile {HumanText.Count(resets, "reset")} were sent that no end of a connection explains." : "."));
        }

        var consequence = count > 0 ? $": {HumanText.Count(count, "request")} lost on connections that it had forgotten"
            : resets > 0 ? ": requests on longer idle ones seem to be lost, if those are translated"
            : ": a request on one that idled for longer is lost, if it is translated";
        var forgets = $"forgets idle connections after {HumanText.Duration(timeout)}";
        return Explanation.Report(
            count > 0 ? Severity.Critical : resets > 0 ? Severity.Warning : Severity.Info,
            subject,
            $"{where} {forgets}{consequence}",
            evidence,
            count,
            s_fixes.Where(fix => fix.Reaches.HasFlag(reach)),
            ("KEEPALIVE", $"{Math.Max(1, (long)timeout.TotalSeconds / 2)}")) with
        {
            Ports = [.. lost.SelectMany(static pair => pair.Losses).Select(static losses => losses.Port).Distinct()],
            Brief = $"conntrack {forgets}{(count > 0 ? $": {HumanText.Count(count, "request")} lost" : "")}",
        };
    }

    private static bool IsForgotten(ReuseLosses losses, TimeSpan timeout) => !losses.MetTheClose && losses.IdleBefore >= timeout;

    private static string Line(PodSnapshot pod, List<ReuseLosses> losses) =>
        $"{pod.Identity.DisplayName} lost {HumanText.Count(losses.Sum(static one => one.Lost.Count), "request")} in "
        + $"{HumanText.Duration(losses[0].Lost.Over)} on connections to port {losses[0].Port} that had been idle for about "
        + $"{HumanText.Duration(losses[0].IdleBefore)} and that the other side had not closed.";

    // A packet without a socket is answered with a reset that no end of a connection accounts for.
    private static long UnexplainedResets(DiagnosisContext context, PodSnapshot pod)
    {
        if (pod.Ends is null || CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.ResetsSent) is not { } sent)
        {
            return 0;
        }

        var explained = CounterIncrease.OfPod(context, pod, static pod => Explained(pod.Ends))?.Amount ?? 0;
        return (long)(sent.Amount - Math.Min(sent.Amount, explained));
    }

    private static ulong? Explained(EndsSummary? ends) => ends is null
        ? null
        : (ulong)(ends.Server[EndKind.ResetUnread] + ends.Server[EndKind.Abandoned] + ends.Client[EndKind.ResetUnread]
            + ends.Client[EndKind.Abandoned] + ends.Lost(EndRole.Server) + ends.LossUnknown);
}
