using Agent.Core.Model;

namespace Agent.Core.Metrics;

/// <summary>The series of who fills the host's conntrack table.</summary>
internal static class EntryMetrics
{
    private const string Originated = "originated";
    private const string Received = "received";

    public static void Write(MetricFamilyWriter output, Snapshot snapshot, PodGrouping grouping)
    {
        var family = new PodFamilyBuilder(MetricCatalog.PodConntrackEntries, grouping);
        foreach (var pod in snapshot.Pods)
        {
            if (pod.Entries is { } entries)
            {
                var group = grouping[pod.Identity];
                for (var slot = 0; slot < EntryProtocols.Count; slot++)
                {
                    family.Add(group, entries.OriginatedBy(slot), EntryProtocols.Names[slot], Originated);
                    family.Add(group, entries.ReceivedBy(slot), EntryProtocols.Names[slot], Received);
                }
            }
        }

        if (snapshot.Conntrack?.Flows?.Use.Nobody is { } nobody)
        {
            for (var slot = 0; slot < EntryProtocols.Count; slot++)
            {
                family.Add(grouping.Nobody, nobody.OriginatedBy(slot), EntryProtocols.Names[slot]);
            }
        }

        output.Add(MetricCatalog.PodConntrackEntries, family);
    }
}
