using Agent.Core.Model;

namespace Agent.Core.Remediation;

/// <summary>How full a table is, and with what.</summary>
/// <param name="Entries">Entries; null when unknown.</param>
/// <param name="Limit">nf_conntrack_max, the machine's; null when unknown.</param>
/// <param name="Lingering">Entries that a timeout (short name) is for.</param>
internal sealed record OccupancyFacts(long? Entries, long? Limit, Func<string, long> Lingering)
{
    private const string TcpPrefix = "tcp_timeout_";

    /// <summary>The node's table. Without a dump every entry counts as one that lingers: the worst case.</summary>
    public static OccupancyFacts OfHost(ConntrackSummary? conntrack) => new(
        conntrack?.Entries ?? conntrack?.Flows?.Total,
        conntrack?.Limit,
        timeout => conntrack?.Flows is { } flows ? InTable(flows, timeout) : conntrack?.Entries ?? 0);

    /// <summary>
    /// A pod's own table, of which only look-ups of its sockets are known. Its sockets stand for entries where they are not counted.
    /// </summary>
    public static OccupancyFacts OfPod(PodSnapshot pod, long? limit)
    {
        var entries = pod.OwnTableEntries ?? pod.Tcp?.Counts.Sum();
        return new(
            entries,
            limit,
            timeout => timeout switch
            {
                // What was not asked may be all that there is.
                _ when !pod.HalfClosed.OwnTableAsked => entries ?? 0,
                NetfilterSettings.CloseWait => pod.HalfClosed.Entries.Sum(ConntrackTableKind.Pod, closeWait: true),
                TcpPrefix + "fin_wait" => pod.HalfClosed.Entries.Sum(ConntrackTableKind.Pod, closeWait: false),
                _ => entries ?? 0,
            });
    }

    private static long InTable(FlowSummary flows, string timeout)
    {
        if (timeout.StartsWith(TcpPrefix, StringComparison.Ordinal))
        {
            var state = timeout[TcpPrefix.Length..];

            // These two replace the state's own timeout under some conditions, so any connection may be meant.
            return state is "max_retrans" or "unacknowledged"
                ? Of(flows, "tcp")
                : flows.ByTcpState.Where(count => count.State == state).Sum(static count => count.Count);
        }

        var protocol = timeout[..timeout.IndexOf('_', StringComparison.Ordinal)];
        return protocol is "generic" or "frag6" ? flows.Total : Of(flows, protocol);
    }

    private static long Of(FlowSummary flows, string protocol) =>
        flows.ByProtocol.Where(count => count.Protocol == protocol).Sum(static count => count.Count);
}
