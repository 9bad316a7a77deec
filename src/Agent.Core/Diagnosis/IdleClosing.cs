using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>A port of a pod at which idle connections are closed too soon, and the requests that were lost by it.</summary>
/// <param name="Listener">The port.</param>
/// <param name="Estimate">When it closes.</param>
/// <param name="Lost">
/// Requests that met such a close, counted one by one; null where the ends of connections are not watched.
/// </param>
internal sealed record IdleClosing(Listener Listener, KeepAliveEstimate Estimate, RecentLosses? Lost)
{
    /// <summary>An estimate this near to the upstream's time may as well be equal to it.</summary>
    public const double ClearlyShorter = 0.9;

    private const double AlwaysHeard = 0.999;

    /// <summary>True when it is known, and no guess.</summary>
    public bool IsKnown => Estimate.IsExact && (Estimate.IsSure || Lost?.Count > 0);

    /// <summary>Lost requests; 0 where none is known.</summary>
    public long LostCount => Lost?.Count ?? 0;

    /// <summary>What is spoken there, unless it is HTTP.</summary>
    public string? OtherProtocol { get; init; }

    /// <summary>The ports of a pod that close idle connections too soon, what costs most first.</summary>
    public static List<IdleClosing> Of(DiagnosisContext context, PodSnapshot pod) =>
    [
        .. from listener in Serving.IsNodeOfCluster(context.Current, pod) ? [] : pod.Listeners
           let closing = At(context, pod, listener)
           where closing is not null && closing.Estimate.IdleTime < ClearlyShorter * context.Options.Upstream.KeepAlive
           group closing by listener.Port into port
           select port.MaxBy(static closing => closing.Estimate.Closes) into closing
           orderby closing.LostCount descending,
               closing.IsKnown descending,
               closing.OtherProtocol is null descending,
               closing.Estimate.Closes descending,
               closing.Listener.Port
           select closing,
    ];

    private static IdleClosing? At(DiagnosisContext context, PodSnapshot pod, Listener listener)
    {
        var other = ServerProtocol.OtherThanHttp(pod, listener.Port);
        if (pod.Ends is not null)
        {
            var (exact, repairedAt) = ExactKeepAlive.Of(context, pod, listener);
            if (exact is not null)
            {
                return new(listener, exact, LostAt(context, pod, listener.Port, repairedAt)) { OtherProtocol = other };
            }

            if (context.Current.ConnectionEnds is not { WatchedShare: < AlwaysHeard })
            {
                return null;
            }
        }

        var guess = KeepAliveEstimate.Of(listener, pod.Running, Serving.ProbesPerMinute(pod));
        return guess is null ? null : new(listener, guess with { Programs = pod.Programs }, null) { OtherProtocol = other };
    }

    /// <summary>Requests that lay unread when the pod closed, or came after.</summary>
    private static RecentLosses? LostAt(DiagnosisContext context, PodSnapshot pod, ushort port, DateTimeOffset? since) => RecentLosses.Of(
        context,
        pod,
        lost => lost.Role == EndRole.Server && lost.Port == port && lost.Cause is LossCause.UnreadAtClose or LossCause.AfterClose,
        since);
}
