namespace Agent.Core.Model;

/// <summary>How one side of a connection saw it end. A TLS alert or an HTTP/2 control frame is no data in this sense.</summary>
public enum EndKind : byte
{
    /// <summary>None of the others, or it cannot be told apart: who closed first was not seen, or the kernel is too old to say.</summary>
    Other,

    /// <summary>This side closed first.</summary>
    ClosedFirst,

    /// <summary>
    /// This side closed first, with nothing unread and no answer owed, 0.2 s or more after the last byte in either direction.
    /// </summary>
    ClosedFirstIdle,

    /// <summary>The other side closed first.</summary>
    PeerFirst,

    /// <summary>The other side ended it with a reset.</summary>
    ResetReceived,

    /// <summary>This side closed with data unread, which the kernel answers with a reset.</summary>
    ResetUnread,

    /// <summary>The side that waited for an answer closed first: a client that gave up. Both sides' messages say so.</summary>
    Abandoned,

    /// <summary>The other side answered no retransmission or probe any more.</summary>
    TimedOut,
}
