using System.Collections.Immutable;

namespace Agent.Core.Diagnosis;

/// <summary>How a pod goes on serving until load balancers have let go of it.</summary>
internal static class DrainFixes
{
    /// <summary>Google Cloud's documentation, which the numbers are from.</summary>
    public const string GoogleCloud =
        "https://cloud.google.com/kubernetes-engine/docs/troubleshooting/load-balancing#500-series-errors";

    /// <summary>The pod's own settings first, then those of what is in front of it.</summary>
    public static ImmutableArray<FindingFix> All { get; } =
    [
        new(
            "container, Kubernetes 1.30 or newer",
            "lifecycle: {preStop: {sleep: {seconds: 120}}}",
            FixPlace.Pod with { FromKubernetesMinor = 30 }),
        new(
            "container, older",
            "lifecycle: {preStop: {exec: {command: [\"/bin/sh\", \"-c\", \"sleep 120\"]}}}",
            FixPlace.Pod with { BeforeKubernetesMinor = 30 }),
        new(
            "time for both",
            "kubectl -n $NAMESPACE patch $WORKLOAD -p "
            + "'{\"spec\":{\"template\":{\"spec\":{\"terminationGracePeriodSeconds\":210}}}}'",
            FixPlace.Pod),
        new(
            "GKE Ingress",
            "{apiVersion: cloud.google.com/v1, kind: BackendConfig, metadata: {name: drain, namespace: $NAMESPACE}, spec: "
            + "{connectionDraining: {drainingTimeoutSec: 60}}}",
            FixPlace.Of(FixPlatform.GkeIngress)),
        new(
            "GKE Ingress, annotation of the Service",
            "cloud.google.com/backend-config: '{\"default\": \"drain\"}'",
            FixPlace.Of(FixPlatform.GkeIngress)),
        new(
            "GKE Gateway",
            "{apiVersion: networking.gke.io/v1, kind: GCPBackendPolicy, metadata: {name: drain, namespace: $NAMESPACE}, spec: {default: "
            + "{connectionDraining: {drainingTimeoutSec: 60}}, targetRef: {group: \"\", kind: Service, name: $SERVICE}}}",
            FixPlace.Of(FixPlatform.GkeGateway)),
        new(
            "AWS ALB, annotation of the Ingress",
            "alb.ingress.kubernetes.io/target-group-attributes: deregistration_delay.timeout_seconds=60",
            FixPlace.Of(FixPlatform.AwsAlb)),
        new(
            "Node.js",
            "process.on('SIGTERM', () => { server.close(() => process.exit(0)); server.closeIdleConnections(); });",
            FixPlace.Of(ServerRuntime.NodeJs)),
        new(
            "Go",
            "ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM); defer stop(); <-ctx.Done(); "
            + "srv.Shutdown(context.Background())",
            FixPlace.Of(ServerRuntime.Go)),
    ];
}
