using System.Globalization;
using Agent.Core.Model;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Diagnosis.Rules;

/// <summary>Full accept queues.</summary>
public sealed class ListenQueueOverflowRule : IFindingRule
{
    /// <summary>The finding's id.</summary>
    public const string Id = "listen-queue-overflow";

    /// <summary>No SYN queue is shorter: reqsk_queue_alloc of older kernels, and the smallest tcp_max_syn_backlog that is in use.</summary>
    private const long ShortestSynQueue = 8;

    private static readonly FindingFix s_cookies = new(
        "sysctl, for a full SYN queue", "nsenter --net=/proc/$PID/ns/net sysctl -w net.ipv4.tcp_syncookies=1", FixPlace.NodeShell);
    private static readonly FindingFix s_synBacklog = new(
        "sysctl, for a longer SYN queue where cookies are off (the server's backlog limits it, too)",
        "nsenter --net=/proc/$PID/ns/net sysctl -w net.ipv4.tcp_max_syn_backlog=8192",
        FixPlace.NodeShell);

    /// <inheritdoc/>
    public FindingExplanation Explanation { get; } = new()
    {
        Id = Id,
        Title = "too busy to accept: the accept queue is full",
        What = """
            Connections that the kernel has completed wait in the listener's queue until the application accepts them. When it is full the
            kernel drops the last packet of the handshake: the client tries again after 1, 3, 7 seconds. Probes wait in the same queue, so a
            pod that is merely busy is soon taken out of service or restarted, which makes the others busier.

            Before that, connections wait in the SYN queue for the last packet of their handshake. When that one is full (a flood, or
            clients whose packets get lost), the kernel answers with SYN cookies, or, where net.ipv4.tcp_syncookies is 0, drops the SYN.
            """,
        Why = "Clients wait seconds to connect or time out, and the readiness probe is the next to fail: then the pod gets no requests "
            + "at all.",
        Seen = """
            ListenOverflows and ListenDrops of the pod's network namespace, and accept queues at their limit. For the SYN queue ListenDrops
            that no overflow explains while connections wait in SYN_RECV, TCPReqQFullDrop, and TCPReqQFullDoCookies.
            """,
        Levels =
        [
            new(Severity.Info, "overflows since the pod started, in a single scan; a full SYN queue that SYN cookies make good"),
            new(Severity.Warning, "a full queue, or overflows that rise; SYNs dropped for a full SYN queue"),
            new(Severity.Critical, "a full accept queue, and overflows that rise"),
        ],
        Needs = [SourceNames.Sockets],
        Checks =
        [
            new("queue (Recv-Q) and limit (Send-Q)", "nsenter --net=/proc/$PID/ns/net ss -tlnH"),
            new("overflows", "nsenter --net=/proc/$PID/ns/net nstat -az TcpExtListenOverflows TcpExtListenDrops"),
            new(
                "a full SYN queue: drops, cookies, and what waits in it",
                "nsenter --net=/proc/$PID/ns/net sh -c 'nstat -az TcpExtTCPReqQFullDrop TcpExtTCPReqQFullDoCookies; "
                + "ss -tnH state syn-recv'"),
            new("failed probes", "kubectl -n $NAMESPACE get events --field-selector involvedObject.name=$POD,reason=Unhealthy"),
        ],
        Fixes =
        [
            new("more replicas", "kubectl -n $NAMESPACE scale $WORKLOAD --replicas=$REPLICAS", FixPlace.Pod),
            new(
                "pod spec, the limit of every queue (and what Go takes)",
                "securityContext: {sysctls: [{name: net.core.somaxconn, value: \"4096\"}]}",
                FixPlace.Pod),
            new("Node.js", "server.listen({port: $PORT, backlog: 4096});", FixPlace.Of(ServerRuntime.NodeJs)),
            new("nginx", "listen $PORT backlog=4096;", FixPlace.Of(ServerRuntime.Nginx)),
            new("gunicorn", "gunicorn --backlog 4096 --workers 4 app:app", FixPlace.Of(ServerRuntime.Gunicorn)),
            new("uvicorn", "uvicorn app:app --backlog 4096 --workers 4", FixPlace.Of(ServerRuntime.Uvicorn)),
            new("ASP.NET Core (Kestrel)", "builder.WebHost.UseSockets(o => o.Backlog = 4096);", FixPlace.Of(ServerRuntime.DotNet)),
            new("Apache", "ListenBackLog 4096", FixPlace.Of(ServerRuntime.Apache)),
            new("Tomcat", "<Connector port=\"$PORT\" acceptCount=\"4096\" />", FixPlace.Of(ServerRuntime.Tomcat)),
            s_cookies,
            s_synBacklog,
            new("container, a probe with more patience", "readinessProbe: {timeoutSeconds: 3, failureThreshold: 5}", FixPlace.Pod),
        ],
        References = ["https://man7.org/linux/man-pages/man2/listen.2.html"],
    };

    /// <inheritdoc/>
    public IEnumerable<Finding> Evaluate(DiagnosisContext context)
    {
        foreach (var pod in context.Current.Pods)
        {
            // The kernel refuses once more than the backlog wait, so a full queue shows one more than its limit.
            var full = pod.Listeners
                .Where(static listener => listener.Backlog > 0 && listener.Queued >= listener.Backlog)
                .MaxBy(static listener => listener.Queued);
            var overflows = CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.ListenOverflows);
            var sinceStart = context.Earlier.IsEmpty ? pod.Counters?.ListenOverflows ?? 0 : 0;
            if (full is null && overflows is not { Amount: > 0 } && sinceStart == 0)
            {
                if (SynQueue(context, pod) is { } waiting)
                {
                    yield return waiting;
                }

                continue;
            }

            var severity = overflows is { Amount: > 0 } ? full is null ? Severity.Warning : Severity.Critical
                : full is null ? Severity.Info
                : Severity.Warning;
            yield return Explanation.Report(
                severity,
                pod,
                Title(pod, full, overflows),
                Evidence(context, pod, full, overflows, sinceStart),
                (long)(overflows?.Amount ?? sinceStart),
                null,
                ("PORT", (full ?? pod.Listeners.FirstOrDefault())?.Port.ToString(CultureInfo.InvariantCulture) ?? "$PORT"));
        }
    }

    private Finding? SynQueue(DiagnosisContext context, PodSnapshot pod)
    {
        var drops = SynDrops(context, pod);
        var cookies = CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.SynQueueCookies);
        if (drops is not { Amount: > 0 } && cookies is not { Amount: > 0 })
        {
            return null;
        }

        var isDropping = drops is { Amount: > 0 };
        var rise = isDropping ? drops!.Value : cookies!.Value;
        List<string> evidence =
        [
            isDropping
                ? $"ListenDrops rose by {HumanText.Count(rise.Amount)} more than ListenOverflows in {HumanText.Duration(rise.Over)} "
                    + $"({HumanText.Rate(rise.Rate)}): so many SYNs were dropped. Their clients try again after 1s, 3s, 7s. "
                    + "With SYN cookies (net.ipv4.tcp_syncookies) none would be."
                : $"TCPReqQFullDoCookies rose by {HumanText.Count(rise.Amount)} in {HumanText.Duration(rise.Over)} "
                    + $"({HumanText.Rate(rise.Rate)}): so many SYNs were answered with a SYN cookie. These clients are not turned away.",
        ];
        if (pod.Tcp is { } tcp)
        {
            evidence.Add($"{HumanText.Count(tcp[TcpState.SynRecv], "connection")} in SYN_RECV: they wait for the last packet of their "
                + "handshake. The accept queue is not full: the application is not what is slow.");
        }

        return Explanation.Report(
            isDropping ? Severity.Warning : Severity.Info,
            pod,
            isDropping
                ? $"the SYN queue of {pod.Identity.DisplayName} is full: {HumanText.Count((long)rise.Amount, "connection attempt")} "
                    + $"dropped in {HumanText.Duration(rise.Over)}"
                : $"the SYN queue of {pod.Identity.DisplayName} is full; SYN cookies make it good",
            evidence,
            isDropping ? (long)rise.Amount : 0,
            isDropping ? [s_cookies, s_synBacklog] : [s_synBacklog]) with
        {
            Form = "syn",
        };
    }

    // TCPReqQFullDrop counts only where the listener's backlog is the limit; at three quarters of tcp_max_syn_backlog a SYN is dropped
    // without it (tcp_conn_request), and then the sockets in SYN_RECV tell that the queue is why.
    private static CounterIncrease? SynDrops(DiagnosisContext context, PodSnapshot pod)
    {
        var counted = CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.SynQueueDrops);
        if (CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.ListenDrops) is not { } drops
            || !(pod.Tcp?[TcpState.SynRecv] >= ShortestSynQueue))
        {
            return counted;
        }

        var overflows = CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.ListenOverflows)?.Amount ?? 0;
        var other = drops.Amount - Math.Min(drops.Amount, overflows);
        return drops with { Amount = Math.Max(other, counted?.Amount ?? 0) };
    }

    private static string Title(PodSnapshot pod, Listener? full, CounterIncrease? overflows) => (full, overflows) switch
    {
        ({ } listener, _) => $"{pod.Identity.DisplayName} is too busy to accept: {HumanText.Count(listener.Queued)} connections wait at "
            + $"port {listener.Port}, which holds {HumanText.Count(listener.Backlog)}",
        (_, { Amount: > 0 } increase) => $"{pod.Identity.DisplayName} was too busy to accept "
            + $"{HumanText.Count((long)increase.Amount, "connection")} in {HumanText.Duration(increase.Over)}",
        _ => $"{pod.Identity.DisplayName} has been too busy to accept connections since it started",
    };

    private static IEnumerable<string> Evidence(
        DiagnosisContext context, PodSnapshot pod, Listener? full, CounterIncrease? overflows, ulong sinceStart)
    {
        if (overflows is { Amount: > 0 } increase)
        {
            yield return $"ListenOverflows rose by {HumanText.Count(increase.Amount)} ({HumanText.Rate(increase.Rate)}): so many times a "
                + "client was made to wait and try again.";
        }
        else if (sinceStart > 0)
        {
            yield return $"ListenOverflows is {HumanText.Count(sinceStart)} since the pod's network namespace was made. "
                + $"{CounterIncrease.RunTwice}";
        }

        if (CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.ListenDrops) is { Amount: > 0 } drops)
        {
            yield return $"ListenDrops rose by {HumanText.Count(drops.Amount)}.";
        }

        if (full is not null)
        {
            yield return $"Port {full.Port}: accept queue {HumanText.Count(full.Queued)} of {HumanText.Count(full.Backlog)}, "
                + $"{HumanText.Count(full.Established, "established connection")}.";
        }

        foreach (var container in pod.Kubernetes?.Containers ?? [])
        {
            if (container.ReadinessProbe is { Kind: not ProbeKind.Exec } probe
                && (full is null || probe.Port is null || probe.Port == full.Port))
            {
                yield return $"The readiness probe of container {container.Name} "
                    + $"({probe.KindName}{(probe.Port is { } port ? $", port {port}" : "")}) waits in the same queue: it fails after "
                    + $"{HumanText.Seconds(probe.TimeoutSeconds)}, and after {probe.FailureThreshold} failures, "
                    + $"{HumanText.Seconds(probe.FailureThreshold * probe.PeriodSeconds)}, the pod gets no requests any more.";
            }
        }
    }
}
