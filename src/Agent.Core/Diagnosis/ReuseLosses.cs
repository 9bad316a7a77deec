using Agent.Core.Model;

namespace Agent.Core.Diagnosis;

/// <summary>Requests that a pod sent on connections that had been idle, to one port, and that were answered with a reset.</summary>
/// <param name="Port">The port that it calls.</param>
/// <param name="Lost">How many in the last minutes.</param>
/// <param name="IdleBefore">How long the connections had been idle before (median).</param>
/// <param name="PeerCloses">When the other side was seen to close idle connections of that port; null when it never was.</param>
internal sealed record ReuseLosses(ushort Port, RecentLosses Lost, TimeSpan IdleBefore, IdleCloses? PeerCloses)
{
    // A request meets the close when it comes about as late as that, or later where the client does not look for the close.
    private const double AboutAsLate = 0.8;

    // From so long after the last byte a connection counts as idle, as for the kind closed_first_idle.
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(0.2);

    /// <summary>True where the other side closes idle connections, and these requests came when that is due.</summary>
    public bool MetTheClose => PeerCloses is { Count: > 0 } closes && IdleBefore >= AboutAsLate * closes.Median;

    /// <summary>By port, most first. Requests whose server is on this node are counted there, and are not among them.</summary>
    public static IEnumerable<ReuseLosses> Of(DiagnosisContext context, PodSnapshot pod) =>
        from lost in pod.Ends?.RequestsLost ?? []
        where lost.Role == EndRole.Client && lost.Cause is LossCause.AfterClose or LossCause.UnreadAtClose && lost.IdleBefore >= s_idle
        group lost by lost.Port into port
        let recent = RecentLosses.Of(context, pod, port.Contains)
        where recent is { Count: > 0 }
        orderby recent.Value.Count descending
        select new ReuseLosses(
            port.Key,
            recent.Value,
            port.First().IdleBefore!.Value,
            pod.Ends!.PeerIdleCloses.FirstOrDefault(closes => closes.Port == port.Key));
}
