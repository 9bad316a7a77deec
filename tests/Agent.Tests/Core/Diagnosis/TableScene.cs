using System.Collections.Immutable;
using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Core.Snapshots;
using Agent.Core.Tallies;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;
using Agent.Tests.Core.Tallies;

namespace Agent.Tests.Core.Diagnosis;

/// <summary>A node whose conntrack table is filled entry by entry, dumped, and summed up as a scan does it.</summary>
internal sealed class TableScene
{
    public const string NodeAddress = "192.168.0.1";

    private readonly AddressIndex _addresses = new();
    private readonly FlowTally _tally = new(seed: 5);
    private readonly TableGrowth _growth = new();
    private readonly ImmutableArray<Owner> _owners;
    private readonly ImmutableArray<PodSnapshot> _pods;
    private TimeSpan _now;

    /// <summary>Pods <c>shop/NAME</c> with addresses 10.244.0.1 and so on.</summary>
    public TableScene(params string[] pods)
    {
        _pods = [.. pods.Select(static pod => Given.Serving(Given.Kubernetes(pod)))];
        _owners =
        [
            new(PodIdentity.Host, [0], false, null, null),
            .. _pods.Select(static (pod, index) => new Owner(pod.Identity, [index + 1], false, pod.Kubernetes, null)),
        ];
        _addresses.TryAdd(Make.Address(NodeAddress), 0);
        for (var pod = 0; pod < pods.Length; pod++)
        {
            _addresses.TryAdd(Make.Address($"10.244.0.{pod + 1}"), pod + 1);
        }

        Begin();
    }

    /// <summary>Starts the next dump.</summary>
    public void Begin(double seconds = 0)
    {
        _now += TimeSpan.FromSeconds(seconds);
        _tally.Begin(_addresses, _owners.Length, new());
    }

    /// <summary>Adds entries that differ in their source port.</summary>
    /// <param name="count">How many.</param>
    /// <param name="source">The initiator's address.</param>
    /// <param name="destination">What it calls, with a port.</param>
    /// <param name="protocol">IPPROTO_*.</param>
    /// <param name="translatedTo">The source address after translation; null: not translated.</param>
    /// <param name="backend">What answers, with a port; null: the destination itself.</param>
    /// <param name="state">Of TCP.</param>
    /// <param name="replied">Whether an answer was seen.</param>
    public void Add(
        int count,
        string source,
        string destination,
        byte protocol = 6,
        string? translatedTo = null,
        string? backend = null,
        TcpConntrackState state = TcpConntrackState.Established,
        bool replied = true)
    {
        var flow = Entry($"{source}:0 {destination}", $"{backend ?? destination} {translatedTo ?? source}:0", protocol, state, replied);
        for (var i = 0; i < count; i++)
        {
            var port = (ushort)(1024 + (i % 64_000));
            flow.Original = flow.Original with { SourcePort = port };
            flow.Reply = flow.Reply with { DestinationPort = port };
            _tally.Add(flow);
        }
    }

    /// <summary>A pod that calls another address each time.</summary>
    public void AddScan(int count, string source)
    {
        var flow = Entry($"{source}:4000 11.0.0.0:22", $"11.0.0.0:22 {source}:4000", 6, TcpConntrackState.SynSent, replied: false);
        for (uint i = 0; i < count; i++)
        {
            flow.Original = flow.Original with { Destination = IpAddress.FromIPv4(0x0B00_0000 + i) };
            flow.Reply = flow.Original.Reversed;
            _tally.Add(flow);
        }
    }

    /// <summary>The snapshot after the dump.</summary>
    public Snapshot Dump(long limit = 262_144)
    {
        var dump = FlowDumpBuilder.Build(_tally, _owners, _addresses, Given.Noon, _now, _growth);
        var node = Given.Node([.. _pods.Select(pod => pod with { Entries = dump.Entries[pod.Identity] })]);
        return node with
        {
            TakenAt = Given.Noon + _now,
            Conntrack = node.Conntrack! with { Entries = dump.Summary.Total, Limit = limit, Flows = dump.Summary },
        };
    }

    private static ConntrackFlow Entry(string original, string reply, byte protocol, TcpConntrackState state, bool replied)
    {
        var flow = Make.Flow(original, state, reply: reply);
        flow.Protocol = protocol;
        flow.Status = replied ? ConntrackStatus.SeenReply : ConntrackStatus.None;
        flow.Present |= ConntrackFields.Status;
        if (protocol != 6)
        {
            flow.Present &= ~ConntrackFields.TcpState;
            flow.TcpState = TcpConntrackState.None;
        }

        return flow;
    }
}
