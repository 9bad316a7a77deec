namespace Agent.Core.Model;

/// <summary>Why a request got no answer when its connection ended.</summary>
public enum LossCause : byte
{
    /// <summary>No request was lost.</summary>
    None,

    /// <summary>It lay unread when the server closed.</summary>
    UnreadAtClose,

    /// <summary>It came, or was sent, after the server had closed.</summary>
    AfterClose,

    /// <summary>The server took it and closed without an answer: a crash, a kill, a worker's time-out.</summary>
    Unanswered,

    /// <summary>
    /// The bytes may have been a request or something else (a TLS alert, a frame, the rest of a refused upload). Never counted as lost.
    /// </summary>
    Unknown,
}
