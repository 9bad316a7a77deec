using System.Collections.Immutable;
using Agent.Core.Model;

namespace Agent.Core.Diagnosis.Catalog;

/// <summary>Causes that lie in how a pod starts, ends and is placed.</summary>
internal static class PodFindings
{
    private const string GoogleCloud = "https://cloud.google.com/kubernetes-engine/docs/troubleshooting/load-balancing#500-series-errors";

    private static readonly ImmutableArray<FindingFix> s_drain =
    [
        new("container, Kubernetes 1.30 or newer", "lifecycle: {preStop: {sleep: {seconds: 120}}}", FixPlace.Pod with { FromKubernetesMinor = 30 }),
        new("container, older", "lifecycle: {preStop: {exec: {command: [\"/bin/sh\", \"-c\", \"sleep 120\"]}}}", FixPlace.Pod with { BeforeKubernetesMinor = 30 }),
        new("pod spec", "terminationGracePeriodSeconds: 210", FixPlace.Pod),
        new("GKE Ingress", "{apiVersion: cloud.google.com/v1, kind: BackendConfig, metadata: {name: drain, namespace: $NAMESPACE}, spec: {connectionDraining: {drainingTimeoutSec: 60}}}", FixPlace.Of(FixPlatform.GkeIngress)),
        new("GKE Ingress, annotation of the Service", "cloud.google.com/backend-config: '{\"default\": \"drain\"}'", FixPlace.Of(FixPlatform.GkeIngress)),
        new("GKE Gateway", "{apiVersion: networking.gke.io/v1, kind: GCPBackendPolicy, metadata: {name: drain, namespace: $NAMESPACE}, spec: {default: {connectionDraining: {drainingTimeoutSec: 60}}, targetRef: {group: \"\", kind: Service, name: $SERVICE}}}", FixPlace.Of(FixPlatform.GkeGateway)),
        new("AWS ALB, annotation of the Ingress", "alb.ingress.kubernetes.io/target-group-attributes: deregistration_delay.timeout_seconds=60", FixPlace.Of(FixPlatform.AwsAlb)),
        new("Node.js", "process.on('SIGTERM', () => { server.close(() => process.exit(0)); server.closeIdleConnections(); });", FixPlace.Of(ServerRuntime.NodeJs)),
        new("Go", "ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM); defer stop(); <-ctx.Done(); srv.Shutdown(context.Background())", FixPlace.Of(ServerRuntime.Go)),
    ];

    public static ImmutableArray<FindingExplanation> All { get; } =
    [
        new()
        {
            Id = FindingIds.TerminatingWithConnections,
            Title = "a terminating pod still has connections",
            What = """
                Deletion and the load balancer's notice of it run side by side. Until every load balancer has let go of the pod, requests arrive; when the grace period ends first, the kernel cuts what is open.
                """,
            Why = "Connections that are open when the grace period ends are cut: their requests fail with 502 or a reset.",
            Seen = "deletionTimestamp with established connections at its ports. Info: a preStop hook delays the end. Warning: there is none. Critical: less than a tenth of the grace period is left.",
            Needs = [SourceNames.Kubernetes, SourceNames.Sockets],
            Checks =
            [
                new("terminating pods of this node", "kubectl get pods -A --field-selector spec.nodeName=$NODE | grep Terminating"),
                new("its connections", "nsenter --net=/proc/$PID/ns/net ss -tnH state established"),
                new("whether it is still a backend", "kubectl -n $NAMESPACE get endpointslices -o yaml | grep -B3 -A6 $POD"),
            ],
            Fixes = s_drain,
            References = ["https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination", GoogleCloud],
        },
        new()
        {
            Id = FindingIds.ConnectionsLostAtTermination,
            Title = "a pod ended with connections open",
            What = """
                When the pod was last seen it had established connections of clients; at the next scan it was gone. What was idle may have been closed properly in between; what was at work was cut.
                """,
            Why = "The requests on these connections failed: the load balancer answered 502, or its client saw a reset.",
            Seen = """
                The established connections of a pod at the last scan that saw it at work (its sandbox may outlive its containers by some seconds). Info: it had a preStop hook and ended by itself, or nothing is known of it. Warning: it had no preStop hook.
                Critical: it was still there when its grace period ended, so it was killed.
                """,
            Needs = [SourceNames.Pods, SourceNames.Namespaces, SourceNames.Sockets],
            Checks =
            [
                new("why it ended", "kubectl -n $NAMESPACE get events --field-selector involvedObject.name=$POD"),
                new("who replaced it", "kubectl -n $NAMESPACE get pods --sort-by=.status.startTime"),
            ],
            Fixes = s_drain,
            References = ["https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination", GoogleCloud],
        },
        new()
        {
            Id = FindingIds.TerminationUnprepared,
            Title = "a serving pod is not prepared for its own end",
            What = """
                When a pod is deleted it gets SIGTERM at once, while load balancers learn of it seconds to minutes later. A preStop delay keeps it serving meanwhile; the grace period must hold that delay and
                the time that accepted requests need. The numbers here, preStop sleep 120 s, terminationGracePeriodSeconds 210 and load balancer draining 60 s, are those of Google Cloud's
                documentation ("Addressing 500 series errors with NEGs during workload scaling", the first link below) for container-native load balancing, where removing an endpoint takes longest. Behind an in-cluster proxy a preStop sleep of 10 to 15 s is enough.
                """,
            Why = "At every rollout, scale-down and node drain requests are still sent to a server that has stopped: a burst of 502s.",
            Seen = """
                The pod spec of serving pods that are replaced while they serve (not of DaemonSets, Jobs and static pods). Info: the setting alone. Warning: the preStop delay is not shorter than the grace period,
                or the pod is terminating with connections right now.
                """,
            Needs = [SourceNames.Kubernetes],
            Checks =
            [
                new("grace period and hooks", "kubectl -n $NAMESPACE get pod $POD -o jsonpath='{.spec.terminationGracePeriodSeconds} {.spec.containers[*].lifecycle}'"),
            ],
            Fixes = s_drain,
            References = [GoogleCloud, "https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/"],
        },
        new()
        {
            Id = FindingIds.PodNotReady,
            Title = "a serving pod is not ready",
            What = "A pod that is not ready is taken out of its Services: load balancers send it nothing, and its share goes to the others. With none left they answer 502 or 503 themselves.",
            Why = "The remaining pods carry its load; when it was the last, every request fails.",
            Seen = "The condition Ready. Nothing during the first half minute. Info: it is starting. Warning: it was ready before, or has not become ready in five minutes. Critical: no pod of the workload is ready.",
            Needs = [SourceNames.Kubernetes],
            Checks =
            [
                new("why", "kubectl -n $NAMESPACE describe pod $POD | sed -n '/Conditions/,/Volumes/p;/Events/,$p'"),
                new("its log", "kubectl -n $NAMESPACE logs $POD --all-containers --tail=50"),
                new("backends that are left", "kubectl -n $NAMESPACE get endpointslices"),
            ],
            Fixes =
            [
                new("see what fails", "kubectl -n $NAMESPACE get events --field-selector involvedObject.name=$POD,reason=Unhealthy", FixPlace.Pod),
                new("more time to start", "startupProbe: {httpGet: {path: /healthz, port: $PORT}, periodSeconds: 5, failureThreshold: 60}", FixPlace.Pod),
                new("go back", "kubectl -n $NAMESPACE rollout undo $WORKLOAD", FixPlace.Pod),
            ],
            References = ["https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions"],
        },
        new()
        {
            Id = FindingIds.ReadinessFlapping,
            Title = "a pod becomes ready and unready again and again",
            What = """
                Each change moves connections and load between pods. Mostly the probe is answered too late because the pod is busy: then taking it out makes the others busier, until they fail in turn.
                """,
            Why = "Load balancers add and remove the backend all the time: connections are cut, and requests meet a backend that is just leaving.",
            Seen = "Changes of the condition Ready over the last minutes: three, or two losses of readiness. Warning.",
            Needs = [SourceNames.Kubernetes],
            Checks =
            [
                new("the changes", "kubectl -n $NAMESPACE get pod $POD -w"),
                new("failed probes and their reason", "kubectl -n $NAMESPACE get events --field-selector involvedObject.name=$POD,reason=Unhealthy"),
            ],
            Fixes =
            [
                new("container, a probe with more patience", "readinessProbe: {httpGet: {path: /healthz, port: $PORT}, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 3}", FixPlace.Pod),
                new("container, a probe that asks this pod only", "readinessProbe: {httpGet: {path: /ready-without-dependencies, port: $PORT}}", FixPlace.Pod),
                new("more replicas", "kubectl -n $NAMESPACE scale $WORKLOAD --replicas=$REPLICAS", FixPlace.Pod),
            ],
            References = ["https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/"],
        },
        new()
        {
            Id = FindingIds.ProbeMissing,
            Title = "a serving pod has no readiness or liveness probe",
            What = "Without a readiness probe a container counts as ready the moment it starts, before it listens, and stays so when it hangs. Without a liveness probe nobody restarts one that hangs.",
            Why = "Requests are sent to a server that is not listening yet or hangs: 502 at every start, and for as long as it hangs.",
            Seen = "The pod spec of serving pods. Info.",
            Needs = [SourceNames.Kubernetes],
            Checks = [new("its probes", "kubectl -n $NAMESPACE get pod $POD -o jsonpath='{range .spec.containers[*]}{.name}: {.readinessProbe} {.livenessProbe}{\"\\n\"}{end}'")],
            Fixes =
            [
                new("container, readiness", "readinessProbe: {httpGet: {path: /healthz, port: $PORT}, periodSeconds: 5, timeoutSeconds: 2, failureThreshold: 3}", FixPlace.Pod),
                new("container, liveness", "livenessProbe: {httpGet: {path: /healthz, port: $PORT}, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6}", FixPlace.Pod),
                new("container, a server without HTTP", "readinessProbe: {tcpSocket: {port: $PORT}, periodSeconds: 5}", FixPlace.Pod),
            ],
            References = ["https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/"],
        },
        new()
        {
            Id = FindingIds.ContainerRestarting,
            Title = "containers restart",
            What = "A container that dies takes all its connections with it; nothing drains them. Until it listens again, connections to it are refused.",
            Why = "Each restart cuts every connection of the container: requests at work fail with 502.",
            Seen = "Restart counts and the last termination. Info: within the last hour. Warning: rising while watched, or three or more with one in the last ten minutes. Critical: three or more within minutes.",
            Needs = [SourceNames.Kubernetes],
            Checks =
            [
                new("why it died", "kubectl -n $NAMESPACE get pod $POD -o jsonpath='{range .status.containerStatuses[*]}{.name}: {.restartCount} {.lastState.terminated}{\"\\n\"}{end}'"),
                new("its last words", "kubectl -n $NAMESPACE logs $POD --previous --tail=50"),
                new("kills by the kernel", "dmesg -T | grep -i 'killed process'"),
            ],
            Fixes =
            [
                new("container, after OOMKilled", "resources: {requests: {memory: 512Mi}, limits: {memory: 1Gi}}", FixPlace.Pod),
                new("container, after a failed liveness probe", "livenessProbe: {timeoutSeconds: 5, failureThreshold: 6}", FixPlace.Pod),
                new("go back", "kubectl -n $NAMESPACE rollout undo $WORKLOAD", FixPlace.Pod),
            ],
            References = ["https://kubernetes.io/docs/tasks/debug/debug-application/debug-running-pod/"],
        },
        new()
        {
            Id = FindingIds.ReplicasColocated,
            Title = "all replicas of a workload are on one node",
            What = "Several replicas protect from the loss of one only when they are on different nodes. Here a drain, a crash or a full conntrack table takes all of them at once.",
            Why = "When this node goes, the load balancer has no backend left and answers 502 to everything.",
            Seen = "As many serving pods of the workload on this node as its owner's spec.replicas says. Info. Silent when the owner's replicas are not known.",
            Needs = [SourceNames.Kubernetes],
            Checks = [new("where they are", "kubectl -n $NAMESPACE get pods -o wide")],
            Fixes =
            [
                new("pod spec", "topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {$LABEL: $APP}}}]", FixPlace.Pod),
                new("a budget for drains", "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: $APP, namespace: $NAMESPACE}, spec: {maxUnavailable: 1, selector: {matchLabels: {$LABEL: $APP}}}}", FixPlace.Pod),
            ],
            References = ["https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/"],
        },
    ];
}
