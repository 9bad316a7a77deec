namespace Agent.Kernel.SockDiag;

/// <summary>The state of a TCP socket. Source: include/net/tcp_states.h.</summary>
public enum TcpState : byte
{
    /// <summary>Not a state.</summary>
    None = 0,

    /// <summary>TCP_ESTABLISHED.</summary>
    Established = 1,

    /// <summary>TCP_SYN_SENT.</summary>
    SynSent = 2,

    /// <summary>TCP_SYN_RECV (also TCP_NEW_SYN_RECV, a request socket).</summary>
    SynRecv = 3,

    /// <summary>TCP_FIN_WAIT1: this side closed first, its FIN is not acknowledged. Half-closed.</summary>
    FinWait1 = 4,

    /// <summary>TCP_FIN_WAIT2: this side closed first, the peer has not. Half-closed.</summary>
    FinWait2 = 5,

    /// <summary>TCP_TIME_WAIT: this side closed first, both have closed.</summary>
    TimeWait = 6,

    /// <summary>TCP_CLOSE.</summary>
    Close = 7,

    /// <summary>TCP_CLOSE_WAIT: the peer closed first, this side has not. Half-closed.</summary>
    CloseWait = 8,

    /// <summary>TCP_LAST_ACK.</summary>
    LastAck = 9,

    /// <summary>TCP_LISTEN.</summary>
    Listen = 10,

    /// <summary>TCP_CLOSING: both closed at once.</summary>
    Closing = 11,

    /// <summary>TCP_NEW_SYN_RECV: a request socket; shown as 3 in /proc/net/tcp.</summary>
    NewSynRecv = 12,
}
