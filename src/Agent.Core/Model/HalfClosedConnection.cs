using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Model;

/// <summary>One half-closed socket and what conntrack knows of its connection.</summary>
public sealed record HalfClosedConnection
{
    /// <summary>
    /// A table is dumped again before so much time has passed (one of a million entries within five minutes, by the default budget):
    /// an entry that had more left and is gone did not expire.
    /// </summary>
    public static readonly TimeSpan FreshEntry = TimeSpan.FromMinutes(30);

    public required PodIdentity Owner { get; init; }

    /// <summary>Local end first.</summary>
    public required ConnectionTuple Tuple { get; init; }

    /// <summary>CLOSE_WAIT, FIN_WAIT1 or FIN_WAIT2.</summary>
    public required TcpState State { get; init; }

    /// <summary>Who closed first, by the socket's state.</summary>
    public required ClosedBy ClosedBy { get; init; }

    /// <summary>Who closed first by conntrack (CLOSE_INIT), from the owner's point of view.</summary>
    public ClosedBy ConntrackClosedBy { get; init; }

    /// <summary>True when socket and conntrack disagree on who closed first.</summary>
    public bool ClosersDisagree => ConntrackClosedBy != ClosedBy.Unknown && ClosedBy != ClosedBy.Unknown && ConntrackClosedBy != ClosedBy;

    /// <summary>How long it has been half-closed; null when this is not known. See <see cref="AgeIsMinimum"/>.</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>True when <see cref="Age"/> is only how long this program has watched it.</summary>
    public bool AgeIsMinimum { get; init; }

    /// <summary>How long it has been so without data in the direction that is still open; null when this is not known.</summary>
    public TimeSpan? SilentFor { get; init; }

    /// <summary>How long the peer had been idle before its FIN; null when unknown.</summary>
    public TimeSpan? IdleBeforeClose { get; init; }

    /// <summary>Data that the application has not read, without the FIN.</summary>
    public required uint UnreadBytes { get; init; }

    /// <summary>Inode; 0 when no process owns the socket.</summary>
    public required ulong Inode { get; init; }

    /// <summary>The process that holds it; null when unknown.</summary>
    public OwnerProcess? Process { get; init; }

    /// <summary>Whose socket the other end is; null unless that is half-closed too, and on this node.</summary>
    public PodIdentity? OtherEnd { get; init; }

    /// <summary>
    /// The other end as it sees itself, where the host's conntrack entry translates it: the backend behind a Service's address, the
    /// client behind SNAT. Null when it is not translated, or no entry tells.
    /// </summary>
    public PeerAddress? RealPeer { get; init; }

    /// <summary>What conntrack has of it.</summary>
    public required TrackingState Tracking { get; init; }

    /// <summary>
    /// Whether its entry translates, or did while it lived: without it what is sent next goes astray. Null when nobody saw it.
    /// </summary>
    public bool? Translated { get; init; }

    /// <summary>Whether what it sends without its entry is lost; null when that is not known.</summary>
    public bool? NeedsEntry { get; init; }

    /// <summary>Whether its entry is gone though it had much time left: somebody deleted it, or a full table dropped it early.</summary>
    public bool EntryWasDeleted { get; init; }

    /// <summary>The entry that expires first, of those found; null when there is none.</summary>
    public ConntrackEntry? Entry { get; init; }
}

/// <summary>An end of a connection.</summary>
public readonly record struct PeerAddress(IpAddress Address, ushort Port)
{
    /// <inheritdoc/>
    public override string ToString() => Address.ToString(Port);
}

/// <summary>Whether conntrack still knows a half-closed connection.</summary>
public enum TrackingState
{
    /// <summary>Could not be determined.</summary>
    Unknown,

    /// <summary>This traffic is not tracked at all, so nothing was forgotten.</summary>
    NotTracked,

    /// <summary>Its entry exists.</summary>
    Tracked,

    /// <summary>
    /// Its entry exists and runs out within the configured time; told when the snapshot is judged, a scan says
    /// <see cref="Tracked"/>.
    /// </summary>
    Expiring,

    /// <summary>It was tracked, itself or connections of the same two ends and path are, and its entry is gone.</summary>
    Untracked,
}

/// <summary>The conntrack entry of a socket.</summary>
/// <param name="Table">Which table it is in; for <see cref="TrackingState.Untracked"/> see the connection.</param>
/// <param name="State">Its TCP state.</param>
/// <param name="ExpiresIn">Time left; null for offloaded entries.</param>
/// <param name="Zone">Its zone; 0 for none.</param>
/// <param name="Translated">Whether it translates an address or port.</param>
public sealed record ConntrackEntry(
    ConntrackTableKind Table, TcpConntrackState State, TimeSpan? ExpiresIn, ushort Zone = 0, bool Translated = false);
