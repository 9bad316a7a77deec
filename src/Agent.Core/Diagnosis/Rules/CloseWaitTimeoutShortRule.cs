using System.Collections.Immutable;
using Agent.Core.Model;
using Agent.Kernel.Conntrack;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>
/// Conntrack's close_wait timeout on the host and in every pod namespace that tracks connections, against the recommended one.
/// </summary>
public sealed class CloseWaitTimeoutShortRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "close-wait-timeout-short";

    // A connection that is being closed properly is half-closed for milliseconds; one that stays so for this long is waiting for something.
    private static readonly TimeSpan s_lasting = TimeSpan.FromSeconds(10);

    private const int NamesShown = 3;

    /// <summary>What raises the timeout; each says which tables it reaches.</summary>
    internal static ImmutableArray<FindingFix> AllFixes { get; } =
    [
        SysctlFixes.UntilKubeProxyStarts("net.netfilter.nf_conntrack_tcp_timeout_close_wait", 3600),
        new("kube-proxy flag", "--conntrack-tcp-timeout-close-wait=1h", FixPlace.WithKubeProxy, FixReach.HostTable),
        new("kube-proxy configuration", "conntrack: {tcpCloseWaitTimeout: 1h0m0s}", FixPlace.WithKubeProxy, FixReach.HostTable),
        .. SysctlFixes.Of(
            "sysctl on a node without kube-proxy",
            "net.netfilter.nf_conntrack_tcp_timeout_close_wait",
            3600,
            new() { KubeProxy = false }),
        new(
            "linkerd annotation on the pod template",
            "config.linkerd.io/close-wait-timeout: \"3600s\"",
            FixPlace.Pod with { Mesh = MeshProxy.Linkerd },
            FixReach.PodTables),
        new(
            "closewatch",
            "closewatch sysctl plan --Remediation:Scope=host+pods",
            FixPlace.Anywhere,
            FixReach.HostTable | FixReach.PodTables),
    ];

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "conntrack forgets half-closed connections too soon",
        What = """
            When one side of a connection has sent its FIN, conntrack starts a countdown of nf_conntrack_tcp_timeout_close_wait. The
            other side may still be working on its answer. When the countdown ends first, the entry and its address translation are
            gone: an answer that was to be translated leaves with the wrong address and never arrives. The kernel's default is 1m.
            kube-proxy sets 1h, in the node's network namespace only; a pod's own namespace (a service mesh uses it) keeps 1m.
            """,
        Why = "A response that takes longer than this timeout after its client has half-closed is lost: the client waits until it times "
            + "out, the load balancer says 502.",
        Seen = $"""
            The timeout of the host's namespace, and of every pod namespace that tracks connections, against Diagnosis:CloseWaitTimeout
            ({HumanText.Duration(Thresholds.Default.CloseWaitTimeout)}).
            """,
        Levels =
        [
            new(
                Severity.Info,
                "the setting alone; also with connections that the application leaks (close-wait-leak), that nothing tracks, or that are "
                + "not translated: the table picks these up again"),
            new(
                Severity.Warning,
                $"half-closed connections that need their entry stay open there, for {HumanText.Duration(s_lasting)} or for half of a "
                + "timeout that is shorter"),
            new(Severity.Critical, "a half-closed socket has already lost the entry that it needs"),
        ],
        Needs = [SourceNames.Sysctl],
        Checks =
        [
            new("the host's timeout", "sysctl net.netfilter.nf_conntrack_tcp_timeout_close_wait"),
            new("a pod's own timeout", "nsenter --net=/proc/$PID/ns/net sysctl net.netfilter.nf_conntrack_tcp_timeout_close_wait"),
            new("half-closed connections and their remaining time", "conntrack -L -p tcp --state CLOSE_WAIT"),
            new("what kube-proxy was told", "curl -s http://127.0.0.1:10249/configz | grep -o '\"tcpCloseWaitTimeout\":\"[^\"]*\"'"),
        ],
        Fixes = AllFixes,
        References =
        [
            "https://github.com/kubernetes/kubernetes/issues/32551",
            "https://github.com/linkerd/linkerd2/issues/3605",
            "https://docs.kernel.org/networking/nf_conntrack-sysctl.html",
        ],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        var recommended = context.Options.CloseWaitTimeout;
        if (Short(context.Current.HostSettings, recommended) is { } host)
        {
            yield return OfHost(context, host);
        }

        foreach (var pod in context.Current.Pods)
        {
            if (OwnTable.Tracks(context, pod) && Short(pod.Settings, recommended) is { } own)
            {
                yield return OfPod(context, pod, own);
            }
        }
    }

    private static TimeSpan? Short(NetfilterSettings? settings, TimeSpan recommended) =>
        settings?.CloseWaitSeconds is { } seconds && TimeSpan.FromSeconds(seconds) is var timeout && timeout < recommended ? timeout : null;

    private Finding OfHost(DiagnosisContext context, TimeSpan timeout)
    {
        // Those whose own namespace forgets sooner than the host are the pod finding's victims; those that nothing tracks are nobody's.
        var pods = context.Current.Pods
            .Where(pod => pod.IsTracked != false
                && !(OwnTable.Tracks(context, pod) && Short(pod.Settings, context.Options.CloseWaitTimeout) is not null))
            .ToList();
        var untracked = pods.Sum(pod => Leak.LostBeside(context, pod));
        var lasting = pods.Where(pod => IsLasting(context, pod, timeout)).ToList();
        var severity = untracked > 0
            ? Severity.Critical
            : lasting.Count > 0 || HasLastingEntries(context.Current, timeout)
            ? Severity.Warning
            : Severity.Info;

        var evidence = new List<string>
        {
            $"net.netfilter.nf_conntrack_tcp_timeout_close_wait on the host is {HumanText.Duration(timeout)}; recommended is "
            + $"{HumanText.Duration(context.Options.CloseWaitTimeout)}.",
        };
        if (context.Current.Conntrack?.Flows?.HalfClosed is { } flows && flows.CloseWait + flows.FinWait > 0)
        {
            evidence.Add($"Half-closed entries in the host's table: {HumanText.Count(flows.CloseWait)} close_wait, "
                + $"{HumanText.Count(flows.FinWait)} fin_wait.");
        }

        AddVictims(context, evidence, pods);
        return Explanation.Report(
            severity,
            FindingSubject.Node(context.Current),
            Title("conntrack on this node", timeout, untracked),
            evidence,
            untracked + lasting.Sum(static pod => pod.HalfClosed.Sockets),
            OwnTable.FixesOfHost) with
        { Brief = Brief("conntrack", timeout, untracked) };
    }

    private Finding OfPod(DiagnosisContext context, PodSnapshot pod, TimeSpan timeout)
    {
        var summary = pod.HalfClosed;
        var untracked = Leak.LostBeside(context, pod);
        var severity = untracked > 0
            ? Severity.Critical
            : IsLasting(context, pod, timeout)
            ? Severity.Warning
            : Severity.Info;
        var evidence = new List<string>
        {
            $"nf_conntrack_tcp_timeout_close_wait in the pod's own network namespace is {HumanText.Duration(timeout)}; recommended is "
            + $"{HumanText.Duration(context.Options.CloseWaitTimeout)}.",
            "The pod tracks its connections itself, as a service mesh does; entries in its table now: "
            + $"{HumanText.Count(pod.OwnTableEntries ?? 0)}.",
        };
        if (context.Current.HostSettings?.CloseWaitSeconds is { } host)
        {
            evidence.Add($"The host has {HumanText.Duration(TimeSpan.FromSeconds(host))}; kube-proxy sets the host's namespace only.");
        }

        AddVictims(context, evidence, [pod]);
        return Explanation.Report(
            severity,
            pod,
            Title($"{pod.Identity.DisplayName}'s own conntrack table", timeout, untracked),
            evidence,
            summary.Sockets,
            OwnTable.Fixes) with
        { Brief = Brief("its own conntrack table", timeout, untracked) };
    }

    private static string Brief(string where, TimeSpan timeout, long untracked) => untracked > 0
        ? $"{where} forgot {HumanText.Count(untracked, "half-closed connection")} after {HumanText.Duration(timeout)}, answers are lost"
        : $"{where} forgets half-closed connections after {HumanText.Duration(timeout)}";

    private static string Title(string where, TimeSpan timeout, long untracked) =>
        $"{where} forgets half-closed connections after {HumanText.Duration(timeout)}" + (untracked > 0
            ? $": {HumanText.Count(untracked, "half-closed socket")} already forgotten, what they send next is lost"
            : ": a slower response is lost, if it is translated");

    // What an application leaks waits for nothing, however long the tracker remembers it: that is close-wait-leak.
    private static bool IsLasting(DiagnosisContext context, PodSnapshot pod, TimeSpan timeout) => Leak.LostBeside(context, pod) > 0
        || (pod.HalfClosed is { Oldest: { } oldest, NeededEntryTimes.Total: > 0 } summary
            && summary.LeakedCloseWaitSockets < context.Options.LeakCount
            && oldest >= Lasting(timeout));

    private static TimeSpan Lasting(TimeSpan timeout) => timeout / 2 < s_lasting ? timeout / 2 : s_lasting;

    // The sample holds what expires soonest. An entry that has used up a part of its time, or that was given another one, is not just
    // passing through.
    private static bool HasLastingEntries(Snapshot snapshot, TimeSpan timeout) =>
        snapshot.Conntrack?.Flows?.HalfClosedSample.Any(sample =>
            sample.Flow.TcpState == TcpConntrackState.CloseWait
            && (sample.Flow.IsTranslated || NetfilterSettings.IsLoose(snapshot.HostSettings) == false)
            && sample.Flow.Has(ConntrackFields.Timeout)
            && TimeSpan.FromSeconds(sample.Flow.TimeoutSeconds) is var left
            && (left <= timeout - Lasting(timeout) || left > timeout)) ?? false;

    private static void AddVictims(DiagnosisContext context, List<string> evidence, List<PodSnapshot> pods)
    {
        AddVictims(evidence, pods, "already without the entry that they need (untracked)", pod => Leak.LostBeside(context, pod));
        AddVictims(
            evidence,
            pods,
            "about to lose the entry that they need (expiring)",
            pod => pod.HalfClosed.NeededEntryTimes.Below(context.Options.ExpiringWithin));
    }

    private static void AddVictims(List<string> evidence, List<PodSnapshot> pods, string what, Func<PodSnapshot, long> count)
    {
        var victims = pods.Where(pod => count(pod) > 0).OrderByDescending(count).ToList();
        if (victims.Count == 0)
        {
            return;
        }

        var names = victims.Take(NamesShown).Select(pod => $"{pod.Identity.DisplayName} ({HumanText.Count(count(pod))})");
        var rest = victims.Count > NamesShown ? $", +{victims.Count - NamesShown} more" : "";
        evidence.Add($"{HumanText.Count(victims.Sum(count), "half-closed socket")} {what}: {string.Join(", ", names)}{rest}.");
    }
}
