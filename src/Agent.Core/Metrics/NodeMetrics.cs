using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Kernel.Conntrack;

namespace Agent.Core.Metrics;

/// <summary>The series of the node's own conntrack table.</summary>
internal static class NodeMetrics
{
    public static void Write(MetricFamilyWriter output, Snapshot snapshot, Thresholds thresholds)
    {
        // Sockets of nobody known are not told apart by state.
        output.Add(MetricCatalog.UnattributedSockets, snapshot.UnattributedHalfClosedSockets, "");
        output.Add(MetricCatalog.UnattributedConnections, snapshot.UnattributedHalfClosedFlows?.FinWait, "fin_wait");
        output.Add(MetricCatalog.UnattributedConnections, snapshot.UnattributedHalfClosedFlows?.CloseWait, "close_wait");
        if (snapshot.Conntrack is { } conntrack)
        {
            output.Add(MetricCatalog.ConntrackEntries, conntrack.Entries);
            output.Add(MetricCatalog.ConntrackLimit, conntrack.Limit);
            output.Add(MetricCatalog.ConntrackBuckets, conntrack.Buckets);
            output.Add(MetricCatalog.ConntrackAge, snapshot.ConntrackAge?.TotalSeconds);
            foreach (var flows in conntrack.Flows?.Counts ?? [])
            {
                output.Add(MetricCatalog.ConntrackFlows, flows.Count, flows.Protocol, flows.State);
            }

            WriteStatistics(output, conntrack.Statistics);
        }

        foreach (var (name, seconds) in snapshot.HostSettings?.Timeouts ?? [])
        {
            output.Add(MetricCatalog.ConntrackTimeout, seconds, TimeoutLabel(name));
        }

        foreach (var (name, seconds) in RecommendedTimeouts.Of(thresholds))
        {
            output.Add(MetricCatalog.RecommendedTimeout, seconds, TimeoutLabel(name));
        }
    }

    /// <summary><c>tcp_timeout_close_wait</c> becomes <c>tcp_close_wait</c>, <c>udp_timeout</c> becomes <c>udp</c>.</summary>
    public static string TimeoutLabel(string setting) => setting.Replace("_timeout", "", StringComparison.Ordinal);

    private static void WriteStatistics(MetricFamilyWriter output, ConntrackStatistics? statistics)
    {
        output.Add(MetricCatalog.ConntrackFound, statistics?.Found);
        output.Add(MetricCatalog.ConntrackInvalid, statistics?.Invalid);
        output.Add(MetricCatalog.ConntrackInsert, statistics?.Insert);
        output.Add(MetricCatalog.ConntrackInsertFailed, statistics?.InsertFailed);
        output.Add(MetricCatalog.ConntrackDrop, statistics?.Drop);
        output.Add(MetricCatalog.ConntrackEarlyDrop, statistics?.EarlyDrop);
        output.Add(MetricCatalog.ConntrackError, statistics?.Error);
        output.Add(MetricCatalog.ConntrackSearchRestart, statistics?.SearchRestart);
        output.Add(MetricCatalog.ConntrackClashResolve, statistics?.ClashResolve);
        output.Add(MetricCatalog.ConntrackChainTooLong, statistics?.ChainTooLong);
    }
}
