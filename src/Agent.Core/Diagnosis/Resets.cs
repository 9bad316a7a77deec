using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>Resets that a pod sent to packets that came after it had closed.</summary>
internal static class Resets
{
    /// <summary>
    /// Increments of OutRsts without those that a close with unread data caused (TCPAbortOnClose), but at least those of TCPAbortOnData:
    /// data that came to a socket its owner had closed. Null for a single scan.
    /// </summary>
    public static CounterIncrease? OnClosedConnections(DiagnosisContext context, PodSnapshot pod)
    {
        var sent = CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.ResetsSent);
        var unread = CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.AbortOnClose)?.Amount ?? 0;
        var late = CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.AbortOnData)?.Amount ?? 0;
        return sent is { } increase ? increase with { Amount = Math.Max(increase.Amount > unread ? increase.Amount - unread : 0, late) } : null;
    }
}
