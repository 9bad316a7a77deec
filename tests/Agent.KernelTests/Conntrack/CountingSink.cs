using Agent.Kernel.Conntrack;

namespace Agent.KernelTests.Conntrack;

/// <summary>Counts entries by family, protocol and TCP state, and digests what both backends show of them, in any order.</summary>
internal struct CountingSink() : IConntrackSink
{
    private const ConntrackStatus Shown = ConntrackStatus.SeenReply | ConntrackStatus.Assured;

    public SortedDictionary<string, int> Counts { get; } = new(StringComparer.Ordinal);

    public long Digest { get; private set; }

    public int WithCounters { get; private set; }

    public int WithStart { get; private set; }

    public int WithAge { get; private set; }

    public void OnFlow(in ConntrackFlow flow)
    {
        var state = flow.Has(ConntrackFields.TcpState) ? TcpConntrackStates.Name(flow.TcpState).ToUpperInvariant() : "";
        var key = $"{flow.Family} {flow.Protocol} {state}";
        Counts[key] = Counts.GetValueOrDefault(key) + 1;

        // The sum does not depend on the order, which differs between two walks of the table.
        Digest += HashCode.Combine(
            flow.Original, flow.Reply, flow.Status & Shown, flow.Mark, flow.Zone, HashCode.Combine(flow.IcmpType, flow.IcmpCode, flow.IcmpId), flow.SctpState,
            HashCode.Combine(flow.PacketsOriginal, flow.BytesOriginal, flow.PacketsReply, flow.BytesReply));
        WithCounters += flow.Has(ConntrackFields.Counters) ? 1 : 0;
        WithStart += flow.Has(ConntrackFields.Start) ? 1 : 0;
        WithAge += flow.Has(ConntrackFields.Age) ? 1 : 0;
    }

    public void Restart()
    {
        Counts.Clear();
        Digest = 0;
        WithCounters = 0;
        WithStart = 0;
        WithAge = 0;
    }
}
