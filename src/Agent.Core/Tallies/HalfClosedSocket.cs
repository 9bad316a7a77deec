using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Tallies;

/// <summary>A half-closed socket of one scan, and what the conntrack tables have of it.</summary>
/// <remarks>
/// It is completed in this order, by one method a step: made from the dump of its namespace's sockets, with what earlier scans saw of
/// it (<see cref="SetPast"/>); <see cref="SetHolder"/>; the namespace's own table (<see cref="SetOwnEntry"/>,
/// <see cref="SetOwnEntryMissing"/>, <see cref="SetUntranslated"/>), which tells how the connection looks outside; the host's table
/// (<see cref="SetHostEntry"/>, <see cref="SetHostEntryMissing"/>), which is searched by that; <see cref="SetPeer"/>, its other end;
/// <see cref="SetTracking"/>, which judges all of it.
/// </remarks>
public struct HalfClosedSocket
{
    // Of a client's connection: an alert, GOAWAY, or the notice with which a database ends an idle session.
    private const uint LastWordsBytes = 512;

    // net.ipv4.ip_local_port_range begins here unless somebody has changed it; servers' ports are below.
    private const ushort FirstLocalPort = 32768;

    private TcpSocket _socket;
    private ConnectionTuple _outside;
    private EntryMatch _host;
    private EntryMatch _own;

    /// <summary>A socket as the dump shows it.</summary>
    /// <param name="socket">Is copied.</param>
    /// <param name="ownerIndex">Its owner, as well as its namespace or its cgroup tells.</param>
    /// <param name="network">Its namespace.</param>
    /// <param name="staysInNamespace">True when the connection does not leave the namespace.</param>
    public HalfClosedSocket(in TcpSocket socket, int ownerIndex, NamespaceTracking network, bool staysInNamespace)
    {
        _socket = socket;
        _outside = socket.Tuple;
        OwnerIndex = ownerIndex;
        Namespace = network;
        OutsideIsKnown = network.IsHost;
        StaysInNamespace = staysInNamespace;
    }

    /// <summary>The socket.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public readonly ref readonly TcpSocket Socket => ref _socket;

    /// <summary>Index of its owner in the scan; <see cref="AddressIndex.None"/> when nobody is known to own it.</summary>
    public int OwnerIndex { get; private set; }

    /// <summary>Its namespace.</summary>
    public NamespaceTracking Namespace { get; }

    /// <summary>
    /// The connection as it looks outside the namespace. NAT inside it (a mesh's REDIRECT) makes that differ from the socket's own
    /// view; the host's table knows only this one.
    /// </summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public readonly ref readonly ConnectionTuple Outside => ref _outside;

    /// <summary>
    /// False while nobody could ask the namespace's own table, which may translate, so that <see cref="Outside"/> is a guess.
    /// </summary>
    public bool OutsideIsKnown { get; private set; }

    /// <summary>True when the connection does not leave its namespace, so that the host's table never sees it.</summary>
    public bool StaysInNamespace { get; private set; }

    /// <summary>Owner process; null when unknown.</summary>
    public OwnerProcess? Process { get; private set; }

    /// <summary>What the table of its own namespace has, when that is not the host's.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public readonly ref readonly EntryMatch Own => ref _own;

    /// <summary>What the host's table has.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public readonly ref readonly EntryMatch Host => ref _host;

    /// <summary>What earlier scans saw of it.</summary>
    public HalfClosedPast Past { get; private set; }

    /// <summary>True for a connection that was accepted: its namespace listens at its port.</summary>
    public bool IsAccepted { get; init; }

    /// <summary>Connections of the same two ends and path, as far as they are known to be tracked by the host's table.</summary>
    public PastEntry HostKin { get; private set; }

    /// <summary>Likewise, by the table of its own namespace.</summary>
    public PastEntry OwnKin { get; private set; }

    /// <summary>What is known of the socket at its other end.</summary>
    public PeerState Peer { get; private set; }

    /// <summary>Whether an address is translated on the way, told by both ends' views; null when they do not tell.</summary>
    public bool? PathTranslates { get; private set; }

    /// <summary>The judgement of <see cref="TrackingJudge"/>.</summary>
    public TrackingState Tracking { get; private set; }

    /// <summary>Where <see cref="HalfClosedMemory"/> has it.</summary>
    internal int Position { get; private set; }

    /// <summary>Whether what it sends next is lost, or would be without its entry; null when that is not known.</summary>
    public bool? NeedsEntry { get; private set; }

    /// <summary>
    /// How long it has been half-closed without data in the direction that is still open: a server that goes on answering, and a client
    /// that reads that, are not silent. Null when its age is unknown.
    /// </summary>
    public readonly TimeSpan? SilentFor => Age is { } age && _socket.Has(TcpSocketFields.Ages) && SinceData < age ? SinceData : Age;

    /// <summary>
    /// True when nobody waits for what it may still send: its peer is gone, or what came first has not even been read.
    /// </summary>
    public readonly bool IsAbandoned => Peer == PeerState.Gone || UnreadBytes > (IsAccepted ? 0 : LastWordsBytes);

    /// <summary>
    /// True when it may be kept in a client's pool, which notices that its peer has closed when it uses the connection again: what lies
    /// unread are last words at most (an alert of TLS, GOAWAY, a database's notice).
    /// </summary>
    public readonly bool MayBePooled => !IsAccepted && _socket.State == TcpState.CloseWait && UnreadBytes <= LastWordsBytes;

    /// <summary>
    /// True when that is all that is known to be so: nobody on this node waits at its other end, it has sent nothing since its peer closed,
    /// and it was not accepted by a server that accepts one connection and listens no more.
    /// </summary>
    public readonly bool IsPooled => MayBePooled
        && Peer != PeerState.Waiting
        && SilentFor == Age
        && _socket.Tuple.SourcePort >= FirstLocalPort;

    /// <summary>True for a pod's loopback connections, which have the addresses of everybody's loopback connections.</summary>
    public readonly bool IsPrivate => StaysInNamespace && !Namespace.IsHost;

    /// <summary>CLOSE_WAIT: the peer closed first. FIN_WAIT1 and FIN_WAIT2: this side did.</summary>
    public readonly ClosedBy ClosedBy => _socket.State == TcpState.CloseWait ? ClosedBy.Peer : ClosedBy.Pod;

    /// <summary>Bytes that the application has not read. The kernel counts the FIN of a CLOSE_WAIT socket as one.</summary>
    public readonly uint UnreadBytes =>
        _socket.State == TcpState.CloseWait && _socket.ReceiveQueue > 0 ? _socket.ReceiveQueue - 1 : _socket.ReceiveQueue;

    /// <summary>How long it has been half-closed, as well as it is known; null when it is not known at all.</summary>
    /// <remarks>
    /// The last acknowledgement that a CLOSE_WAIT or FIN_WAIT2 socket got is that of (or with) the FIN, unless keep-alive probes
    /// are answered.
    /// </remarks>
    public readonly TimeSpan? Age =>
        AgeByKernel is { } age ? (age > Past.Watched ? age : Past.Watched)
        : Past.Watched > TimeSpan.Zero ? Past.Watched
        : null;

    /// <summary>True when <see cref="Age"/> is only a lower bound: how long it has been watched.</summary>
    public readonly bool AgeIsMinimum => AgeByKernel is not { } age || age < Past.Watched;

    /// <summary>How long the peer had sent nothing before its FIN; null when unknown.</summary>
    public readonly TimeSpan? IdleBeforeClose =>
        _socket.State == TcpState.CloseWait && _socket.Has(TcpSocketFields.Ages)
            && _socket.LastDataReceivedMilliseconds >= _socket.LastAckReceivedMilliseconds
            ? TimeSpan.FromMilliseconds(_socket.LastDataReceivedMilliseconds - _socket.LastAckReceivedMilliseconds)
            : null;

    /// <summary>Notes who holds it.</summary>
    /// <param name="process">The process.</param>
    /// <param name="ownerIndex">The owner by that process.</param>
    public void SetHolder(OwnerProcess process, int ownerIndex) => (Process, OwnerIndex) = (process, ownerIndex);

    /// <summary>Notes the entry of the namespace's own table, which also tells how the connection looks outside.</summary>
    /// <param name="flow">The entry.</param>
    /// <param name="staysInNamespace">Whether a connection that looks like this outside stays in the namespace after all.</param>
    public void SetOwnEntry(in ConntrackFlow flow, Func<ConnectionTuple, bool> staysInNamespace)
    {
        ArgumentNullException.ThrowIfNull(staysInNamespace);
        var isInitiator = flow.Original == _socket.Tuple;
        _own.Set(flow, isInitiator);
        _outside = isInitiator ? flow.Reply.Reversed : flow.Original.Reversed;
        OutsideIsKnown = true;
        StaysInNamespace |= staysInNamespace(_outside);
    }

    /// <summary>Notes that the namespace's own table was asked and has no entry.</summary>
    public void SetOwnEntryMissing() => _own.Asked = true;

    /// <summary>Notes that the namespace translates nothing: the connection looks the same outside.</summary>
    public void SetUntranslated() => OutsideIsKnown = true;

    /// <summary>Notes the entry of the host's table.</summary>
    /// <param name="flow">The entry.</param>
    /// <param name="isInitiator">True when <see cref="Outside"/> is the entry's original tuple.</param>
    public void SetHostEntry(in ConntrackFlow flow, bool isInitiator) => _host.Set(flow, isInitiator);

    /// <summary>
    /// Notes that the host's table was asked, by a dump that began after the socket was seen or by a look-up; an entry that was
    /// found stays.
    /// </summary>
    public void SetHostEntryMissing() => _host.Asked = true;

    /// <summary>Forgets what the host's table has: its dump starts over.</summary>
    public void ForgetHostEntry() => _host = default;

    /// <summary>Notes what earlier scans saw of it, and where <see cref="HalfClosedMemory"/> has it.</summary>
    public void SetPast(HalfClosedPast past, int position = 0) =>
        (Past, HostKin, OwnKin, Position) = (past, past.HostKin, past.OwnKin, position);

    /// <summary>Notes how the connection looked outside when that was last known.</summary>
    public void SetOutside(in ConnectionTuple outside) => (_outside, OutsideIsKnown) = (outside, true);

    /// <summary>Notes that connections of the same two ends and path are tracked.</summary>
    public void SetKin(PastEntry host, PastEntry own)
    {
        HostKin = host.WasThere ? host : HostKin;
        OwnKin = own.WasThere ? own : OwnKin;
    }

    /// <summary>Notes what is known of the socket at the other end.</summary>
    /// <param name="peer">Whether it is there.</param>
    /// <param name="translates">Whether the two views differ; null when that is not known.</param>
    public void SetPeer(PeerState peer, bool? translates) => (Peer, PathTranslates) = (peer, translates);

    /// <summary>Notes the judgement.</summary>
    public void SetTracking(TrackingState tracking, bool? needsEntry) => (Tracking, NeedsEntry) = (tracking, needsEntry);

    private readonly TimeSpan SinceData => TimeSpan.FromMilliseconds(
        _socket.State == TcpState.CloseWait ? _socket.LastDataSentMilliseconds : _socket.LastDataReceivedMilliseconds);

    private readonly TimeSpan? AgeByKernel =>
        _socket.Has(TcpSocketFields.Ages) && _socket.State != TcpState.FinWait1
            ? TimeSpan.FromMilliseconds(_socket.LastAckReceivedMilliseconds)
            : null;
}
