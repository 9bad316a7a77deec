using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Catalog;

/// <summary>Causes that lie in how a server keeps and accepts connections.</summary>
internal static class KeepAliveFindings
{
    private static readonly ImmutableArray<FindingFix> s_keepLonger =
    [
        new("Node.js", "server.keepAliveTimeout = $SECONDS * 1000; server.headersTimeout = ($SECONDS + 5) * 1000;", FixPlace.Of(ServerRuntime.NodeJs)),
        new("Go", "srv := &http.Server{Addr: \":$PORT\", Handler: mux, IdleTimeout: $SECONDS * time.Second}", FixPlace.Of(ServerRuntime.Go)),
        new("nginx", "keepalive_timeout ${SECONDS}s;", FixPlace.Of(ServerRuntime.Nginx)),
        new("gunicorn", "gunicorn --worker-class gthread --keep-alive $SECONDS app:app", FixPlace.Of(ServerRuntime.Gunicorn)),
        new("uvicorn", "uvicorn app:app --timeout-keep-alive $SECONDS", FixPlace.Of(ServerRuntime.Uvicorn)),
        new("ASP.NET Core (Kestrel)", "builder.WebHost.ConfigureKestrel(o => o.Limits.KeepAliveTimeout = TimeSpan.FromSeconds($SECONDS));", FixPlace.Of(ServerRuntime.DotNet)),
        new("Apache", "KeepAliveTimeout $SECONDS", FixPlace.Of(ServerRuntime.Apache)),
        new("Tomcat", "<Connector port=\"$PORT\" keepAliveTimeout=\"${SECONDS}000\" maxKeepAliveRequests=\"-1\" />", FixPlace.Of(ServerRuntime.Tomcat)),
        new("Spring Boot (Tomcat)", "server.tomcat.keep-alive-timeout=${SECONDS}s", FixPlace.Of(ServerRuntime.SpringBoot)),
    ];

    public static ImmutableArray<FindingExplanation> All { get; } =
    [
        new()
        {
            Id = FindingIds.BackendClosesIdleFirst,
            Title = "the backend closes idle connections before its load balancer does",
            What = """
                A load balancer keeps connections to its backends open and sends the next request on one that is idle. A server with a shorter
                keep-alive time-out closes that connection at the same moment: the request crosses the FIN on the way, is answered with a reset, and
                the load balancer says 502, because it may not repeat what the server might have begun. It happens after every quiet
                moment, a few requests in ten thousand, and shows in no log of the application.
                """,
            Why = "The load balancer reuses a connection that the pod is just closing: that request is reset and fails with 502, now and then, without a trace in the application's log.",
            Seen = """
                Connections that were idle at one scan and closed first by the pod at the next (TIME_WAIT is held by the side that closed first), how long they
                had been idle by then, and that no established connection at the port idles for longer; against Diagnosis:Upstream. A connection whose request waits for its answer is not idle. TIME_WAIT alone proves nothing: kubelet probes
                and clients that send "Connection: close" leave it on a healthy server, too. The estimate is of the real close; Node.js closes a second after its keepAliveTimeout.
                Info: a guess from one scan, or numbers that disagree. Warning: seen. Critical: seen, and the pod sends resets meanwhile.
                """,
            Needs = [SourceNames.Sockets],
            Checks =
            [
                new("connections that the pod closed first", "nsenter --net=/proc/$PID/ns/net ss -tnoH state time-wait sport = :$PORT | wc -l"),
                new("how long established ones have been idle (lastrcv)", "nsenter --net=/proc/$PID/ns/net ss -tniH state established sport = :$PORT"),
                new("when the server closes an idle connection", "bash -c 'exec 3<>/dev/tcp/'$ADDRESS/$PORT'; printf \"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\" >&3; time cat <&3 >/dev/null'"),
                new("the load balancer's word (Google Cloud)", "gcloud logging read 'jsonPayload.statusDetails=\"backend_connection_closed_before_data_sent_to_client\"' --limit 10"),
            ],
            Fixes = s_keepLonger,
            References =
            [
                "https://cloud.google.com/load-balancing/docs/https#timeouts_and_retries",
                "https://nodejs.org/api/http.html#serverkeepalivetimeout",
                "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#connection-idle-timeout",
            ],
        },
        new()
        {
            Id = FindingIds.ResetOnReuse,
            Title = "requests arrive on connections that the pod has just closed",
            What = """
                The pod closed an idle connection, a request was already on its way, and the kernel answered with a reset. This is the 502 itself; the cause is nearly
                always backend-closes-idle-first. The tracker's entry of such a connection goes FIN_WAIT, CLOSE_WAIT, CLOSE instead of LAST_ACK, TIME_WAIT.
                """,
            Why = "Each of these resets is a request that failed: the load balancer answers 502 to its client.",
            Seen = """
                OutRsts in the pod's network namespace rises by more than TCPAbortOnClose explains, or TCPAbortOnData rises, in a pod that closes idle connections first. TCPAbortOnClose
                counts where idle connections were seen to vanish meanwhile: a server that is too busy to read a request closes its connection with the request unread.
                Warning: the idle closes are a guess. Critical: they were seen. Resets without idle closes have other causes and are not named.
                """,
            Needs = [SourceNames.Sockets],
            Checks =
            [
                new("resets and aborts in the pod's namespace", "nsenter --net=/proc/$PID/ns/net nstat -az TcpOutRsts TcpExtTCPAbortOnData TcpExtTCPAbortOnClose TcpEstabResets"),
                new("the resets themselves", "nsenter --net=/proc/$PID/ns/net tcpdump -ni any 'tcp[tcpflags] & tcp-rst != 0 and src port $PORT'"),
            ],
            Fixes = s_keepLonger,
            References =
            [
                "https://nodejs.org/api/http.html#serverkeepalivetimeout",
                "https://www.rfc-editor.org/rfc/rfc9112#section-9.3.1",
            ],
        },
        new()
        {
            Id = FindingIds.ListenQueueOverflow,
            Title = "too busy to accept: the accept queue is full",
            What = """
                Connections that the kernel has completed wait in the listener's queue until the application accepts them. When it is full the kernel drops the last packet of the
                handshake: the client tries again after 1, 3, 7 seconds. Probes wait in the same queue, so a pod that is merely busy is soon taken out of service or restarted,
                which makes the others busier.
                """,
            Why = "Clients wait seconds to connect or time out, and the readiness probe is the next to fail: then the pod gets no requests at all.",
            Seen = """
                ListenOverflows and ListenDrops of the pod's network namespace, and accept queues at their limit.
                Info: overflows since the pod started, in a single scan. Warning: a full queue, or overflows rising. Critical: both.
                """,
            Needs = [SourceNames.Sockets],
            Checks =
            [
                new("queue (Recv-Q) and limit (Send-Q)", "nsenter --net=/proc/$PID/ns/net ss -tlnH"),
                new("overflows", "nsenter --net=/proc/$PID/ns/net nstat -az TcpExtListenOverflows TcpExtListenDrops"),
                new("failed probes", "kubectl -n $NAMESPACE get events --field-selector involvedObject.name=$POD,reason=Unhealthy"),
            ],
            Fixes =
            [
                new("more replicas", "kubectl -n $NAMESPACE scale $WORKLOAD --replicas=$REPLICAS", FixPlace.Pod),
                new("pod spec, the limit of every queue (and what Go takes)", "securityContext: {sysctls: [{name: net.core.somaxconn, value: \"4096\"}]}", FixPlace.Pod),
                new("Node.js", "server.listen({port: $PORT, backlog: 4096});", FixPlace.Of(ServerRuntime.NodeJs)),
                new("nginx", "listen $PORT backlog=4096;", FixPlace.Of(ServerRuntime.Nginx)),
                new("gunicorn", "gunicorn --backlog 4096 --workers 4 app:app", FixPlace.Of(ServerRuntime.Gunicorn)),
                new("uvicorn", "uvicorn app:app --backlog 4096 --workers 4", FixPlace.Of(ServerRuntime.Uvicorn)),
                new("ASP.NET Core (Kestrel)", "builder.WebHost.UseSockets(o => o.Backlog = 4096);", FixPlace.Of(ServerRuntime.DotNet)),
                new("Apache", "ListenBackLog 4096", FixPlace.Of(ServerRuntime.Apache)),
                new("Tomcat", "<Connector port=\"$PORT\" acceptCount=\"4096\" />", FixPlace.Of(ServerRuntime.Tomcat)),
                new("container, a probe with more patience", "readinessProbe: {timeoutSeconds: 3, failureThreshold: 5}", FixPlace.Pod),
            ],
            References = ["https://man7.org/linux/man-pages/man2/listen.2.html"],
        },
    ];
}
