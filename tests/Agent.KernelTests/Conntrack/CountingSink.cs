using Agent.Kernel.Conntrack;

namespace Agent.KernelTests.Conntrack;

/// <summary>Counts entries by family, protocol and TCP state, and digests what both backends show of them, in any order.</summary>
internal struct CountingSink() : IConntrackSink
{
    private const ConntrackStatus Shown = ConntrackStatus.SeenReply | ConntrackStatus.Assured;

    public SortedDictionary<string, int> Counts { get; } = new(StringComparer.Ordinal);

    public long Digest { get; private set; }

    public void OnFlow(in ConntrackFlow flow)
    {
        var state = flow.Has(ConntrackFields.TcpState) ? TcpConntrackStates.Name(flow.TcpState).ToUpperInvariant() : "";
        var key = $"{(flow.Original.Source.IsIPv4 ? 2 : 10)} {flow.Protocol} {state}";
        Counts[key] = Counts.GetValueOrDefault(key) + 1;

        // The sum does not depend on the order, which differs between two walks of the table.
        Digest += HashCode.Combine(
            flow.Original, flow.Reply, flow.Status & Shown, flow.Zone, flow.OriginalZone, flow.ReplyZone, flow.SctpState);
    }

    public void Restart()
    {
        Counts.Clear();
        Digest = 0;
    }
}
