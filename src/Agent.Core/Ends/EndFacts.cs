using Agent.Core.Model;
using Agent.Kernel.SockDiag;

namespace Agent.Core.Ends;

/// <summary>What one message of the kernel says of a side's last words, once it is known which side that was.</summary>
/// <remarks>
/// bytes_acked counts a client's SYN and a FIN as one byte each, bytes_received the peer's FIN (tcp_snd_una_update, tcp_rcv_nxt_update).
/// </remarks>
public readonly struct EndFacts
{
    /// <summary>
    /// Connections on which so much came, and more than <see cref="StreamFactor"/> times what went out, carry a stream or an upload.
    /// </summary>
    private const ulong StreamBytes = 16 * 1024;

    private const ulong StreamFactor = 100;

    /// <summary>
    /// A client that had its answer through TLS has sent more. OpenSSL 3 sent 221 to 624 for the handshake and 39 to 101 for the shortest
    /// request; a ClientHello without extensions (RFC 5246, 7.4.1.2), session resumed, leads to 160.
    /// </summary>
    private const ulong ShortestTlsClientBytes = 150;

    /// <summary>A server that got as little as that sent an alert of 7 bytes, if it speaks TLS, or its certificate.</summary>
    private const ulong TlsAlertInTheClearBytes = 7;

    private const ulong ShortestCertificateFlightBytes = 500;

    /// <summary>Segments with data of a client that broke a handshake off: its ClientHello and an alert.</summary>
    private const uint BrokenHandshakeSegments = 2;

    private const uint FewestEqualRequests = 3;

    private const ConnectionEndFields Needed = ConnectionEndFields.Ages | ConnectionEndFields.BytesAcked | ConnectionEndFields.BytesSent;

    /// <summary>Reads a message.</summary>
    /// <param name="end">The message.</param>
    /// <param name="role">Whose it is.</param>
    public EndFacts(in ConnectionEnd end, EndRole role)
    {
        Role = role;
        IsComplete = end.Has(Needed);
        UnreadBytes = end.ReceiveQueueBytes;
        UnacknowledgedBytes = end.SendQueueBytes;
        SentBytes = end.BytesSent - Math.Min(end.BytesSent, end.BytesRetransmitted);
        ReceivedBytes = end.BytesReceived;
        LastSentMilliseconds = end.LastDataSentMilliseconds;
        LastReceivedMilliseconds = end.LastDataReceivedMilliseconds;
        LastAckMilliseconds = end.LastAckReceivedMilliseconds;
        var acknowledged = end.BytesAcked - Math.Min(end.BytesAcked, role == EndRole.Client ? 1u : 0u);
        FinAcknowledged = IsComplete && acknowledged > SentBytes;
        GaveUpRetrying = end.Retransmits > 0 || end.Probes > 0;
        RequestSegments = role == EndRole.Server ? end.DataSegmentsIn : end.BytesRetransmitted == 0 ? end.DataSegmentsOut : 0;
    }

    private EndFacts(EndRole role) => Role = role;

    /// <summary>Which side.</summary>
    public EndRole Role { get; }

    /// <summary>False on a kernel before 4.19, which does not tell the bytes sent: then only the queues are known.</summary>
    public bool IsComplete { get; }

    /// <summary>Bytes that came and were not read; the peer's FIN counts as one where its end of file was not read.</summary>
    public uint UnreadBytes { get; }

    /// <summary>Bytes sent and not acknowledged; this side's FIN counts as one.</summary>
    public uint UnacknowledgedBytes { get; }

    /// <summary>Bytes of data sent, each counted once.</summary>
    public ulong SentBytes { get; }

    /// <summary>Bytes that came; the peer's FIN counts as one.</summary>
    public ulong ReceivedBytes { get; }

    /// <summary>Since data was last sent; since the connection's beginning where none was.</summary>
    public uint LastSentMilliseconds { get; }

    /// <summary>Since data last came; since the connection's beginning where none did.</summary>
    public uint LastReceivedMilliseconds { get; }

    /// <summary>Since the peer last sent anything but a reset.</summary>
    public uint LastAckMilliseconds { get; }

    /// <summary>True when the peer acknowledged this side's FIN.</summary>
    public bool FinAcknowledged { get; }

    /// <summary>True when retransmissions or probes were unanswered at the end.</summary>
    public bool GaveUpRetrying { get; }

    /// <summary>Segments with data that the client sent; 0 where that is not known.</summary>
    public uint RequestSegments { get; }

    /// <summary>Since the last byte in either direction.</summary>
    public uint IdleMilliseconds => Math.Min(LastSentMilliseconds, LastReceivedMilliseconds);

    /// <summary>True when data went both ways or at least one; one byte received may be the FIN.</summary>
    public bool WasUsed => SentBytes > 0 || ReceivedBytes > 1;

    /// <summary>True when it was used, and no longer at its end.</summary>
    public bool WasIdle => WasUsed && IdleMilliseconds >= EndJudge.IdleFromMilliseconds;

    /// <summary>True when a request was answered, and too little was sent for that to have gone through TLS.</summary>
    public bool IsTooShortForTls =>
        IsComplete && RequestBytes is > 1 and < ShortestTlsClientBytes && AnswerBytes > TlsAlertInTheClearBytes + 1
        && (AnswerBytes < ShortestCertificateFlightBytes || RequestSegments > BrokenHandshakeSegments);

    /// <summary>Which TLS alert the unread or the unacknowledged bytes may be.</summary>
    public AlertLength AlertLeft =>
        ControlSizes.AlertAndFinOf(UnreadBytes) is not AlertLength.None and var unread ? AlertOf(UnreadBytes, unread)
        : AlertOf(UnacknowledgedBytes, ControlSizes.AlertAndFinOf(UnacknowledgedBytes));

    private ulong RequestBytes => Role == EndRole.Server ? ReceivedBytes : SentBytes;

    private ulong AnswerBytes => Role == EndRole.Server ? SentBytes : ReceivedBytes;

    /// <summary>Which TLS alert bytes may be that the client sent last: none where the connection carried none of TLS.</summary>
    /// <param name="bytes">How many, among which its FIN may count as one.</param>
    /// <param name="bySize">What their number alone says.</param>
    public AlertLength AlertOf(ulong bytes, AlertLength bySize) =>
        IsTooShortForTls || IsOneOfEqualRequests(bytes) || IsOneOfEqualRequests(bytes - 1) ? AlertLength.None : bySize;

    /// <summary>
    /// All that the client sent is as long as its last words, again and again: a handshake and its requests are not as long as an alert
    /// each. The FIN may count as a byte.
    /// </summary>
    private bool IsOneOfEqualRequests(ulong bytes) =>
        RequestSegments >= FewestEqualRequests && RequestBytes - (bytes * RequestSegments) <= 1;

    internal static EndFacts Of(EndRole role) => new(role);

    /// <summary>
    /// True for a server that got something after its last answer, and for a client that sent something after the last answer it got.
    /// </summary>
    public bool IsWaiting => Role == EndRole.Server
        ? ReceivedBytes > 1 && (SentBytes == 0 || LastReceivedMilliseconds < LastSentMilliseconds)
        : SentBytes > 0 && (ReceivedBytes <= 1 || LastSentMilliseconds < LastReceivedMilliseconds);

    /// <summary>
    /// True when the client's last bytes followed the answer so closely that they may be no request: HTTP/2 acknowledges settings and opens
    /// windows (RFC 9113, 6.5.3 and 6.9).
    /// </summary>
    public bool MayHaveSpokenOn =>
        IsWaiting && !WasNeverAnswered && AnswerMilliseconds - RequestMilliseconds < EndJudge.IdleFromMilliseconds;

    /// <summary>True when the server's last bytes, as far as this side knows them, came when nobody had asked for long.</summary>
    public bool ServerSpokeUnasked => AnswerMilliseconds + EndJudge.IdleFromMilliseconds <= RequestMilliseconds;

    /// <summary>True when nothing was ever answered on this connection.</summary>
    public bool WasNeverAnswered => Role == EndRole.Server ? SentBytes == 0 : ReceivedBytes <= 1;

    /// <summary>
    /// How old the last thing is that a client sent, seen from either side. With <see cref="IsWaiting"/>: how long it has waited.
    /// </summary>
    public uint RequestMilliseconds => Role == EndRole.Server ? LastReceivedMilliseconds : LastSentMilliseconds;

    /// <summary>How old the last thing is that the server sent.</summary>
    public uint AnswerMilliseconds => Role == EndRole.Server ? LastSentMilliseconds : LastReceivedMilliseconds;

    /// <summary>
    /// How long the connection had been idle before the request that got no answer; null where there is none, or it was the first.
    /// </summary>
    public uint? IdleBeforeRequestMilliseconds =>
        IsComplete && IsWaiting && !WasNeverAnswered ? AnswerMilliseconds - RequestMilliseconds : null;

    /// <summary>
    /// A client's, whose request met a reset: after how long idle its peer had closed. What came after the last data, before the request or
    /// unread, was the FIN. Null where nothing came.
    /// </summary>
    public uint? PeerClosedAfterMilliseconds => IsComplete && (UnreadBytes == 1 || LastAckMilliseconds > LastSentMilliseconds)
        ? LastReceivedMilliseconds - Math.Min(LastReceivedMilliseconds, LastAckMilliseconds)
        : null;

    /// <summary>
    /// A server's: how long its client had waited for an answer when it closed, given that the last it sent was its FIN. What came after
    /// data without being data is a FIN, or an acknowledgement.
    /// </summary>
    public uint ClientWaitedMilliseconds => LastReceivedMilliseconds - Math.Min(LastReceivedMilliseconds, LastAckMilliseconds);

    /// <summary>
    /// True when the client sends and the server hardly ever answers: a stream, or an upload that may have been answered before its end.
    /// </summary>
    public bool LooksLikeStream => RequestBytes >= StreamBytes && RequestBytes / StreamFactor >= AnswerBytes;
}
