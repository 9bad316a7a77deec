using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Tallies;

/// <summary>A half-closed socket of one scan, and what the conntrack tables have of it.</summary>
public struct HalfClosedSocket
{
    /// <summary>A copy of the socket.</summary>
    public TcpSocket Socket;

    /// <summary>Index of its owner in the scan; <see cref="AddressIndex.None"/> when nobody is known to own it.</summary>
    public int Owner;

    /// <summary>Index of its namespace in the scan; 0 is the host's.</summary>
    public int NamespaceSlot;

    /// <summary>
    /// The connection as it looks outside the namespace. NAT inside it (a mesh's REDIRECT) makes that differ from the socket's own
    /// view; the node's table knows only this one.
    /// </summary>
    public ConnectionTuple Outside;

    /// <summary>False while nobody could ask the namespace's own table, which may translate, so that <see cref="Outside"/> is a guess.</summary>
    public bool OutsideIsKnown;

    /// <summary>True when the connection does not leave its namespace, so that the node's table never sees it.</summary>
    public bool StaysInNamespace;

    /// <summary>What the node's table has.</summary>
    public EntryMatch Host;

    /// <summary>What the table of its own namespace has, when that is not the host's.</summary>
    public EntryMatch Pod;

    /// <summary>How long this program has seen it half-closed; zero at first sight.</summary>
    public TimeSpan Watched;

    /// <summary>Owner process as <c>name(pid)</c>; null when unknown.</summary>
    public OwnerProcess? Process;

    /// <summary>The judgement of <see cref="TrackingJudge"/>.</summary>
    public TrackingState Tracking;

    /// <summary>True for a pod's loopback connections, which have the addresses of everybody's loopback connections.</summary>
    public readonly bool IsPrivate => NamespaceSlot != 0 && StaysInNamespace;

    /// <summary>CLOSE_WAIT: the peer closed first. FIN_WAIT1 and FIN_WAIT2: this side did.</summary>
    public readonly ClosedBy ClosedBy => Socket.State == TcpState.CloseWait ? ClosedBy.Peer : ClosedBy.Pod;

    /// <summary>Bytes that the application has not read. The kernel counts the FIN of a CLOSE_WAIT socket as one.</summary>
    public readonly uint UnreadBytes => Socket.State == TcpState.CloseWait && Socket.ReceiveQueue > 0 ? Socket.ReceiveQueue - 1 : Socket.ReceiveQueue;

    /// <summary>How long it has been half-closed, as well as it is known; null when it is not known at all.</summary>
    /// <remarks>The last acknowledgement that a CLOSE_WAIT or FIN_WAIT2 socket got is that of (or with) the FIN, unless keep-alive probes are answered.</remarks>
    public readonly TimeSpan? Age =>
        AgeByKernel is { } age ? (age > Watched ? age : Watched)
        : Watched > TimeSpan.Zero ? Watched
        : null;

    /// <summary>True when <see cref="Age"/> is only a lower bound: how long it has been watched.</summary>
    public readonly bool AgeIsMinimum => AgeByKernel is not { } age || age < Watched;

    /// <summary>How long the peer had sent nothing before its FIN; null when unknown.</summary>
    public readonly TimeSpan? IdleBeforeClose =>
        Socket.State == TcpState.CloseWait && Socket.Has(TcpSocketFields.Ages) && Socket.LastDataReceivedMilliseconds >= Socket.LastAckReceivedMilliseconds
            ? TimeSpan.FromMilliseconds(Socket.LastDataReceivedMilliseconds - Socket.LastAckReceivedMilliseconds)
            : null;

    /// <summary>Takes over the entry of the namespace's own table, which also tells how the connection looks outside.</summary>
    public void SetOwnEntry(in ConntrackFlow flow)
    {
        var isInitiator = flow.Original == Socket.Tuple;
        Pod.Set(flow, isInitiator);
        Outside = isInitiator ? flow.Reply.Reversed : flow.Original.Reversed;
        OutsideIsKnown = true;
    }

    private readonly TimeSpan? AgeByKernel =>
        Socket.Has(TcpSocketFields.Ages) && Socket.State != TcpState.FinWait1 ? TimeSpan.FromMilliseconds(Socket.LastAckReceivedMilliseconds) : null;
}
