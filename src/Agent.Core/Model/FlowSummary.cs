using System.Collections.Immutable;
using Agent.Kernel.Conntrack;

namespace Agent.Core.Model;

/// <summary>One dump of the host's conntrack table, counted.</summary>
public sealed record FlowSummary
{
    public required long Total { get; init; }

    /// <summary>When the dump was taken; sockets may be younger.</summary>
    public required DateTimeOffset TakenAt { get; init; }

    /// <summary>
    /// By protocol (<c>tcp</c>, <c>udp</c>, <c>icmp</c> ... or the protocol's number) and state
    /// (<c>""</c> where the protocol has none), largest first.
    /// </summary>
    public required ImmutableArray<FlowCount> Counts { get; init; }

    /// <summary>Sums of <see cref="Counts"/> by protocol.</summary>
    public required ImmutableArray<FlowCount> ByProtocol { get; init; }

    /// <summary>TCP entries by state; every state that occurs.</summary>
    public required ImmutableArray<FlowCount> ByTcpState { get; init; }

    /// <summary>Half-closed entries, the sample that expires soonest.</summary>
    public required ImmutableArray<HalfClosedFlow> HalfClosedSample { get; init; }

    /// <summary>All half-closed entries by state and by whether the initiator or the responder closed first.</summary>
    public required HalfClosedFlowCounts HalfClosed { get; init; }

    /// <summary>Who fills the table, and with connections to where.</summary>
    public TableUse Use { get; init; } = TableUse.None;
}

/// <summary>Entries of one protocol and state.</summary>
/// <param name="Protocol">Name as conntrack(8) prints it, or the number.</param>
/// <param name="State">Lower case, for example <c>close_wait</c>; empty where the protocol has none.</param>
/// <param name="Count">Entries.</param>
public sealed record FlowCount(string Protocol, string State, long Count);

/// <summary>Half-closed entries of the whole table.</summary>
/// <param name="FinWait">One FIN seen, not acknowledged.</param>
/// <param name="CloseWait">One FIN seen and acknowledged.</param>
/// <param name="ClosedByInitiator">The side that opened the connection closed first.</param>
/// <param name="ClosedByResponder">The side that accepted it closed first.</param>
/// <param name="ClosedByUnknown">Not told (procfs does not show it).</param>
public sealed record HalfClosedFlowCounts(
    long FinWait, long CloseWait, long ClosedByInitiator, long ClosedByResponder, long ClosedByUnknown);

/// <summary>One half-closed conntrack entry.</summary>
/// <param name="Flow">A copy of the entry.</param>
/// <param name="Initiator">Owner of the side that opened the connection, when it is on this node.</param>
/// <param name="Responder">Owner of the side that accepted it, when it is on this node.</param>
public sealed record HalfClosedFlow(ConntrackFlow Flow, PodIdentity? Initiator, PodIdentity? Responder);
