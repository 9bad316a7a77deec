using Agent.Core.Model;
using Agent.Kernel.ProcFs;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Metrics;

/// <summary>The series of pods, of the host and of other namespaces.</summary>
internal sealed class PodMetrics
{
    /// <summary>Listening ports of one owner that have series; a host with thousands of listeners must not flood the server.</summary>
    private const int MaxPortsPerPod = 32;

    private static readonly TcpState[] s_states =
    [
        TcpState.Established, TcpState.SynSent, TcpState.SynRecv, TcpState.FinWait1, TcpState.FinWait2, TcpState.TimeWait,
        TcpState.Close, TcpState.CloseWait, TcpState.LastAck, TcpState.Listen, TcpState.Closing,
    ];

    private readonly CounterAccumulator<PodGroup> _accumulator = new(PodCounter.All.Length);

    public void Write(MetricFamilyWriter output, MetricsInput input, PodGrouping grouping)
    {
        var pods = input.Snapshot.Pods;
        Family(MetricCatalog.PodHalfClosedSockets, AddHalfClosedSockets);
        Family(MetricCatalog.PodHalfClosedConnections, AddHalfClosedConnections);
        Family(
            MetricCatalog.PodHalfClosedOldest, static (family, group, pod) => family.Add(group, pod.HalfClosed.Oldest?.TotalSeconds ?? 0));
        Family(MetricCatalog.PodHalfClosedExpiring, static (family, group, pod) => family.Add(group, pod.HalfClosed.Expiring));
        Family(MetricCatalog.PodHalfClosedUntracked, static (family, group, pod) => family.Add(group, pod.HalfClosed.Untracked));
        Family(MetricCatalog.PodTcpSockets, AddTcpSockets);
        WriteCounters(output, input.Snapshot, grouping);
        Family(MetricCatalog.PodAcceptQueueLength, static (family, group, pod) => AddPorts(family, group, pod, static port => port.Queued));
        Family(MetricCatalog.PodAcceptQueueLimit, static (family, group, pod) => AddPorts(family, group, pod, static port => port.Backlog));
        Family(
            MetricCatalog.PodClosedFirst,
            static (family, group, pod) => AddPorts(family, group, pod, static port => port.ClosedByPodFirst));
        Family(
            MetricCatalog.PodIdleCeiling,
            static (family, group, pod) => AddPorts(family, group, pod, static port => port.Idle?.Ceiling.TotalSeconds ?? 0));
        Family(MetricCatalog.PodSocketsAge, static (family, group, pod) => family.Add(group, pod.SocketsAge?.TotalSeconds ?? 0));
        Family(MetricCatalog.PodConntrackTimeout, (family, group, pod) => AddTimeouts(family, group, pod, input.Snapshot.HostSettings));
        EntryMetrics.Write(output, input.Snapshot, grouping);

        void Family(MetricDefinition definition, Action<PodFamilyBuilder, PodGroup, PodSnapshot> add)
        {
            var family = new PodFamilyBuilder(definition, grouping);
            foreach (var pod in pods)
            {
                add(family, grouping[pod.Identity], pod);
            }

            output.Add(definition, family);
        }
    }

    private static void AddHalfClosedSockets(PodFamilyBuilder family, PodGroup group, PodSnapshot pod)
    {
        family.Add(group, pod.HalfClosed.CloseWaitSockets, "close_wait");
        family.Add(group, pod.HalfClosed.FinWait1Sockets, "fin_wait1");
        family.Add(group, pod.HalfClosed.FinWait2Sockets, "fin_wait2");
    }

    private static void AddHalfClosedConnections(PodFamilyBuilder family, PodGroup group, PodSnapshot pod)
    {
        foreach (var table in (ReadOnlySpan<ConntrackTableKind>)[ConntrackTableKind.Host, ConntrackTableKind.Pod])
        {
            foreach (var closedBy in (ReadOnlySpan<ClosedBy>)[ClosedBy.Pod, ClosedBy.Peer, ClosedBy.Unknown])
            {
                var (tableLabel, closedByLabel) = (table == ConntrackTableKind.Host ? "host" : "pod", ClosedByLabel(closedBy));
                family.Add(group, pod.HalfClosed.Entries.Get(table, closeWait: false, closedBy), tableLabel, "fin_wait", closedByLabel);
                family.Add(group, pod.HalfClosed.Entries.Get(table, closeWait: true, closedBy), tableLabel, "close_wait", closedByLabel);
            }
        }
    }

    private static string ClosedByLabel(ClosedBy closedBy) => closedBy switch
    {
        ClosedBy.Pod => "pod",
        ClosedBy.Peer => "peer",
        _ => "unknown",
    };

    private static void AddTcpSockets(PodFamilyBuilder family, PodGroup group, PodSnapshot pod)
    {
        if (pod.Tcp is { } tcp)
        {
            foreach (var state in s_states)
            {
                // A request socket in NEW_SYN_RECV is what every tool shows as SYN_RECV.
                family.Add(group, state == TcpState.SynRecv ? tcp[state] + tcp[TcpState.NewSynRecv] : tcp[state], StateNames.Of(state));
            }
        }
    }

    private static void AddPorts(PodFamilyBuilder family, PodGroup group, PodSnapshot pod, Func<Listener, double> read)
    {
        var ports = pod.Listeners
            .GroupBy(static listener => listener.Port)
            .Select(listeners => (Port: listeners.Key, Value: family.Fold(listeners.Select(read))))
            .Where(static port => port.Value != 0)
            .OrderByDescending(static port => port.Value)
            .ThenBy(static port => port.Port)
            .ToArray();
        foreach (var (port, value) in ports.AsSpan(0, Math.Min(ports.Length, MaxPortsPerPod)))
        {
            family.Add(group, value, port.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        family.Drop(Math.Max(0, ports.Length - MaxPortsPerPod));
    }

    private static void AddTimeouts(PodFamilyBuilder family, PodGroup group, PodSnapshot pod, NetfilterSettings? host)
    {
        // Every namespace has timeouts of its own; where nothing is tracked they are never used.
        if (!pod.TracksByItself)
        {
            return;
        }

        foreach (var (name, seconds) in pod.Settings?.Timeouts ?? [])
        {
            if (host?.Get(name) is { } ofHost && ofHost != seconds)
            {
                family.Add(group, seconds, NodeMetrics.TimeoutLabel(name));
            }
        }
    }

    private void WriteCounters(MetricFamilyWriter output, Snapshot snapshot, PodGrouping grouping)
    {
        // Nothing is known of counters while sockets cannot be read: what they were must not be forgotten meanwhile.
        if (!snapshot.HasSource(SourceNames.Sockets))
        {
            return;
        }

        var counted = snapshot.Pods.Where(static pod => pod.Counters is not null).ToArray();
        var cutGroups = counted.Select(pod => grouping[pod.Identity]).Distinct().Count(grouping.IsCut);
        var totals = _accumulator.Update(counted.SelectMany(pod => Readings(pod, grouping)));
        foreach (var counters in PodCounter.All.Index().GroupBy(static pair => pair.Item.Definition))
        {
            var family = new PodFamilyBuilder(counters.Key, grouping);
            foreach (var (index, counter) in counters)
            {
                foreach (var (group, values) in totals)
                {
                    if (values[index] is { } value)
                    {
                        family.Add(group, value, counter.Reason);
                    }
                }
            }

            family.Drop(cutGroups * counters.Count());
            output.Add(counters.Key, family);
        }
    }

    private static IEnumerable<CounterReading<PodGroup>> Readings(PodSnapshot pod, PodGrouping grouping)
    {
        var owner = pod.Identity.Key;
        var group = grouping.Capped(pod.Identity);
        yield return new(new(pod.NamespaceInstance, owner), group, Values(pod.Counters!));
        foreach (var other in pod.OtherCounters)
        {
            yield return new(new(other.Instance, owner), group, Values(other.Counters), IsPrimary: false);
        }
    }

    private static ulong?[] Values(TcpCounters counters)
    {
        var values = new ulong?[PodCounter.All.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = PodCounter.All[i].Read(counters);
        }

        return values;
    }
}
