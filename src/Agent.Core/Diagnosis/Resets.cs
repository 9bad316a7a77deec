using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>Requests that a pod answered with a reset because it closes idle connections.</summary>
/// <param name="Late">Came after the close: the reset of a socket that is gone.</param>
/// <param name="Unread">Were there before the close and lay unread, because the server was busy: close() itself sent the reset.</param>
/// <param name="Over">Time in which this was counted.</param>
internal readonly record struct Resets(ulong Late, ulong Unread, TimeSpan Over)
{
    /// <summary>All of them.</summary>
    public ulong Amount => Late + Unread;

    /// <summary>Per second.</summary>
    public double Rate => Over > TimeSpan.Zero ? Amount / Over.TotalSeconds : 0;

    /// <summary>
    /// Late ones are increments of OutRsts without those that a close with unread data caused (TCPAbortOnClose), but at least those of
    /// TCPAbortOnData: data that came to a socket its owner had closed. Null for a single scan.
    /// </summary>
    /// <param name="context">The snapshots.</param>
    /// <param name="pod">The pod.</param>
    /// <param name="listener">Its port that closes idle connections.</param>
    /// <param name="estimate">What is known of that.</param>
    public static Resets? Of(DiagnosisContext context, PodSnapshot pod, Listener listener, KeepAliveEstimate estimate)
    {
        if (CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.ResetsSent) is not { } sent)
        {
            return null;
        }

        var unread = CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.AbortOnClose)?.Amount ?? 0;
        var late = CounterIncrease.OfPod(context, pod, static pod => pod.Counters?.AbortOnData)?.Amount ?? 0;

        // A server that refuses an upload closes with unread data, too. These are requests on idle connections only where such
        // connections were seen to vanish without a FIN of the pod.
        var areRequests = estimate.IsSure && listener.IdleClosesByPeerSeen > 0;
        return new(Math.Max(sent.Amount > unread ? sent.Amount - unread : 0, late), areRequests ? unread : 0, sent.Over);
    }
}
