using Agent.Core.Model;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Diagnosis;

/// <summary>What the rules about ending pods have in common.</summary>
internal static class TerminationFacts
{
    /// <summary>Google Cloud's recommendation for pods behind its load balancers; see the catalogue.</summary>
    public const int PreStopSeconds = 120;

    /// <summary>Likewise, terminationGracePeriodSeconds.</summary>
    public const int GraceSeconds = 210;

    /// <summary>Time that an application needs after SIGTERM to answer what it has accepted.</summary>
    public const int FewestSecondsAfterPreStop = 10;

    /// <summary>
    /// Connections that clients have open to a pod; null when not known. A server that ends closes its listeners first, so once it
    /// has been seen to listen all its established connections count.
    /// </summary>
    public static long? Connections(DiagnosisContext context, PodSnapshot pod) =>
        Serving.Connections(pod)
        ?? (context.HistoryOf(pod.Identity).Any(static seen => !seen.Pod.Listeners.IsEmpty) ? pod.Tcp?[TcpState.Established] : null);
}
