using Agent.Core.Model;

namespace Agent.Core.Ends;

/// <summary>Tells from one message what the end of a connection was. Pure: the same facts always give the same judgement.</summary>
public static class EndJudge
{
    /// <summary>From so long after the last byte a connection counts as idle, and somebody without an answer as waiting.</summary>
    public const uint IdleFromMilliseconds = 200;

    /// <summary>
    /// What came so shortly before a close may be last words (an alert, QUIT) just as well as a request. Delayed acknowledgements take 40
    /// ms.
    /// </summary>
    public const uint LastWordsMilliseconds = 60;

    /// <summary>The same on a machine that is busy, where such words are known at a port or TLS may be spoken.</summary>
    private const uint LateWordsMilliseconds = 1000;

    /// <summary>
    /// Hardly any server closes idle connections sooner, and most requests in work at a crash are younger: what came since the last answer
    /// was one of them then, and no control frame.
    /// </summary>
    private const uint ShortestTimeOutMilliseconds = 1000;

    /// <summary>A client that sent no more than this was not cut off amid an upload.</summary>
    private const ulong SmallRequestBytes = 4096;

    /// <summary>Judges one end.</summary>
    /// <param name="facts">What its message says.</param>
    /// <param name="closer">Who closed first, from the point of view of this side; where that is unknown the likelier is assumed.</param>
    /// <param name="lastWords">
    /// Whether the ends of this port are known to say last words before they close (<see cref="PortHabit"/>).
    /// </param>
    /// <param name="quiet">Whether they are known not to, so that no size of what is unread makes it last words.</param>
    /// <param name="alerts">Whether TLS alerts were seen at this port.</param>
    /// <param name="mayBeWords">Whether last words, or what may be such, are seen there more often than quiet closes.</param>
    public static EndJudgement Judge(
        in EndFacts facts, ClosedBy closer, bool lastWords = false, bool quiet = false, bool alerts = false, bool mayBeWords = false)
    {
        if (!facts.IsComplete)
        {
            return facts.UnreadBytes > 1
                ? new(EndKind.ResetUnread, facts.Role == EndRole.Server ? LossCause.Unknown : LossCause.None)
                : new(EndKind.Other);
        }

        return facts switch
        {
            { FinAcknowledged: false, GaveUpRetrying: true, LastAckMilliseconds: >= IdleFromMilliseconds } => new(EndKind.TimedOut),
            { UnreadBytes: > 1 } => Unread(facts, closer, lastWords, quiet, alerts, mayBeWords),
            { FinAcknowledged: true } => Closed(facts, closer, lastWords, quiet, alerts),
            { UnacknowledgedBytes: > 1 } => Unacknowledged(facts, quiet),
            { UnacknowledgedBytes: 1 } => ClosedIntoReset(facts, lastWords),
            _ => Reset(facts),
        };
    }

    /// <summary>
    /// Whether what a server did not answer may have been last words all the same: an answered connection, closed within a second.
    /// </summary>
    public static bool MayBeLateWords(in EndFacts facts) => !facts.WasNeverAnswered && facts.RequestMilliseconds < LateWordsMilliseconds;

    /// <summary>
    /// Whether a server's last words may hide that a request came after them: both within one tick of the kernel's clock (1 to 10 ms), and
    /// the server still read, as one does that ends its own direction only.
    /// </summary>
    public static bool HidesARequest(in EndFacts facts) => facts is { Role: EndRole.Server, UnreadBytes: 0, FinAcknowledged: true }
        && facts.LastReceivedMilliseconds == facts.LastSentMilliseconds && facts.LastSentMilliseconds < LateWordsMilliseconds;

    /// <summary>
    /// Whether a server said something as it closed that nobody had asked for, where TLS may be spoken: its client's word in return is none
    /// of a request.
    /// </summary>
    public static bool ServerSaidLastWords(in EndFacts facts) =>
        facts is { Role: EndRole.Server, ServerSpokeUnasked: true, AnswerMilliseconds: < LateWordsMilliseconds, IsTooShortForTls: false };

    /// <summary>How long a connection had been idle at its end: since the last byte in either direction, last words not counted.</summary>
    /// <param name="facts">What the message says.</param>
    /// <param name="lastWords">As for <see cref="Judge"/>.</param>
    public static uint IdleMilliseconds(in EndFacts facts, bool lastWords) =>
        lastWords && facts.IdleMilliseconds < LastWordsMilliseconds
            ? Math.Max(facts.LastSentMilliseconds, facts.LastReceivedMilliseconds)
            : facts.IdleMilliseconds;

    /// <summary>This side closed, or its peer reset the connection, with data unread.</summary>
    private static EndJudgement Unread(
        in EndFacts facts, ClosedBy closer, bool lastWords, bool quiet, bool alerts, bool mayBeWords)
    {
        if (facts.Role == EndRole.Client)
        {
            return UnreadByClient(facts);
        }

        if (!facts.IsWaiting)
        {
            return UnreadByServerThatSpokeLast(facts, closer, quiet, alerts || lastWords || mayBeWords);
        }

        if (facts.ClientWaitedMilliseconds >= IdleFromMilliseconds && !facts.FinAcknowledged)
        {
            return new(EndKind.Abandoned);
        }

        var mayBeControl = ControlSizes.MayBeControlAndFin(facts.UnreadBytes);
        if (closer == ClosedBy.Peer)
        {
            // Its own message came before: it had gone, with a TLS alert perhaps, which makes what lies here look young.
            return new(mayBeControl && !facts.WasNeverAnswered ? EndKind.PeerFirst : EndKind.Abandoned);
        }

        var kind = mayBeControl && !quiet && !facts.WasNeverAnswered ? EndKind.PeerFirst : EndKind.ResetUnread;
        var mayBeAnswered = !facts.WasNeverAnswered && facts.AnswerMilliseconds < IdleFromMilliseconds;
        return mayBeAnswered || facts.LooksLikeStream
            ? new(EndKind.ResetUnread, LossCause.Unknown)
            : new(
                kind,
                facts.FinAcknowledged ? LossCause.AfterClose : LossCause.UnreadAtClose,
                mayBeControl || lastWords,
                Alert: facts.AlertLeft);
    }

    /// <summary>
    /// What is unread came before a server's last bytes or with them. Either it was answered (413 to an upload), or those bytes were the
    /// server's last words, a TLS alert or GOAWAY, and a request met them, or its client's own last words did.
    /// </summary>
    private static EndJudgement UnreadByServerThatSpokeLast(in EndFacts facts, ClosedBy closer, bool quiet, bool mayBeWords)
    {
        var mayBeControl = ControlSizes.MayBeControlAndFin(facts.UnreadBytes);
        if (mayBeControl && facts.UnacknowledgedBytes > 1 && !ControlSizes.MayBeControl(facts.UnacknowledgedBytes))
        {
            // The client had said its last words and gone before it was answered.
            return new(EndKind.Abandoned);
        }

        var isAlert = ControlSizes.AlertAndFinOf(facts.UnreadBytes) == AlertLength.Aead;
        if ((closer == ClosedBy.Peer && mayBeControl) || (isAlert && !quiet))
        {
            return new(closer == ClosedBy.Peer ? EndKind.PeerFirst : EndKind.ResetUnread);
        }

        // On a busy machine time passes between a server's last words and its close.
        var longest = mayBeWords ? LateWordsMilliseconds : LastWordsMilliseconds;
        if (facts.UnreadBytes > SmallRequestBytes || facts.AnswerMilliseconds >= longest)
        {
            return new(EndKind.ResetUnread);
        }

        return facts.FinAcknowledged && facts.AnswerMilliseconds < LastWordsMilliseconds
                ? new(EndKind.ResetUnread, LossCause.AfterClose, NeedsQuietPort: true, Alert: facts.AlertLeft)
            : mayBeWords || (mayBeControl && !quiet) ? new(EndKind.ResetUnread, LossCause.Unknown)
            : new(EndKind.ResetUnread);
    }

    /// <summary>A client left something unread: an answer, or the server's last words and its FIN, which nobody asked for.</summary>
    private static EndJudgement UnreadByClient(in EndFacts facts)
    {
        var isUnasked = facts.IsWaiting || facts.LastSentMilliseconds - facts.LastReceivedMilliseconds >= IdleFromMilliseconds;
        if (!isUnasked || !ControlSizes.MayBeControl(facts.UnreadBytes - 1))
        {
            return new(EndKind.ResetUnread);
        }

        return facts.UnacknowledgedBytes > 1 ? Unacknowledged(facts, quiet: false) : new(EndKind.PeerFirst);
    }

    /// <summary>This side's FIN was acknowledged, and nothing is left: a close, and the question is whose was first.</summary>
    private static EndJudgement Closed(in EndFacts facts, ClosedBy closer, bool lastWords, bool quiet, bool alerts)
    {
        var isOpen = closer == ClosedBy.Unknown && facts.ReceivedBytes > 0;
        var isFirst = closer == ClosedBy.Unknown ? facts.UnreadBytes == 0 : closer == ClosedBy.Pod;
        var mayOnlyHaveSpokenOn = facts.MayHaveSpokenOn && !quiet;
        if (!facts.IsWaiting || (mayOnlyHaveSpokenOn && isFirst != (facts.Role == EndRole.Server)))
        {
            return isFirst && !isOpen && alerts && HidesARequest(facts)
                ? new(ClosedFirst(facts, lastWords), LossCause.Unknown)
                : new(isFirst ? ClosedFirst(facts, lastWords) : EndKind.PeerFirst, NeedsCloser: isOpen);
        }

        // The server of a request closed before its answer, or its client went away.
        if (isFirst == (facts.Role == EndRole.Server))
        {
            var loss = isOpen ? LossCause.None : facts.LooksLikeStream ? LossCause.Unknown : LossCause.Unanswered;
            var mayBeWords = facts.RequestMilliseconds < LastWordsMilliseconds
                || (facts.MayHaveSpokenOn && facts.RequestMilliseconds >= ShortestTimeOutMilliseconds);
            return new(isFirst ? EndKind.ClosedFirst : EndKind.PeerFirst, loss, mayBeWords && !facts.WasNeverAnswered, isOpen);
        }

        return new(
            facts.RequestMilliseconds >= IdleFromMilliseconds ? EndKind.Abandoned
                : isFirst ? ClosedFirst(facts, lastWords)
                : EndKind.PeerFirst,
            NeedsCloser: isOpen);
    }

    /// <summary>Data was on its way that nobody took: the other side had closed.</summary>
    private static EndJudgement Unacknowledged(in EndFacts facts, bool quiet)
    {
        if (facts.Role == EndRole.Client)
        {
            return facts.IsWaiting
                ? SentIntoClose(facts, LossCause.AfterClose, ControlSizes.MayBeControlAndFin(facts.UnacknowledgedBytes))
                : new(EndKind.ResetReceived);
        }

        if (!quiet && ControlSizes.AlertAndFinOf(facts.UnacknowledgedBytes) != AlertLength.None)
        {
            // An alert in return for a client's close, which nobody waited for.
            return new(EndKind.PeerFirst);
        }

        // Nothing acknowledged the answer where the last that came was the client's FIN.
        var gaveUp = facts.ClientWaitedMilliseconds >= IdleFromMilliseconds && facts.LastSentMilliseconds <= facts.LastAckMilliseconds;
        return new(gaveUp ? EndKind.Abandoned : facts.UnreadBytes == 1 ? EndKind.PeerFirst : EndKind.ResetReceived);
    }

    /// <summary>This side's FIN met a reset.</summary>
    private static EndJudgement ClosedIntoReset(in EndFacts facts, bool lastWords) => new(
        facts.UnreadBytes == 1 ? EndKind.PeerFirst : facts.IsWaiting ? EndKind.ClosedFirst : ClosedFirst(facts, lastWords),
        facts.IsWaiting && facts.UnreadBytes == 0 && facts.Role == EndRole.Server ? LossCause.Unknown : LossCause.None);

    /// <summary>Everything was acknowledged and this side did not close: the other side reset the connection.</summary>
    private static EndJudgement Reset(in EndFacts facts)
    {
        if (facts.UnreadBytes == 1 || !facts.IsWaiting)
        {
            return new(facts.UnreadBytes == 1 ? EndKind.PeerFirst : EndKind.ResetReceived);
        }

        if (facts.Role == EndRole.Client)
        {
            return SentIntoClose(facts, LossCause.UnreadAtClose, mayBeControl: true);
        }

        return new(facts.RequestMilliseconds >= IdleFromMilliseconds ? EndKind.Abandoned : EndKind.ResetReceived);
    }

    /// <summary>A client sent something after the last answer, and a reset came back.</summary>
    private static EndJudgement SentIntoClose(in EndFacts facts, LossCause cause, bool mayBeControl)
    {
        var afterAnswer = facts.LastReceivedMilliseconds - Math.Min(facts.LastReceivedMilliseconds, facts.LastSentMilliseconds);
        var isOneRequest = facts.WasNeverAnswered || afterAnswer >= IdleFromMilliseconds || facts.SentBytes <= SmallRequestBytes;
        return isOneRequest && !facts.LooksLikeStream
            ? new(EndKind.ResetReceived, cause, mayBeControl && !facts.WasNeverAnswered, Alert: facts.AlertLeft)
            : new(EndKind.ResetReceived, LossCause.Unknown);
    }

    private static EndKind ClosedFirst(in EndFacts facts, bool lastWords) =>
        facts.WasUsed && IdleMilliseconds(facts, lastWords) >= IdleFromMilliseconds ? EndKind.ClosedFirstIdle : EndKind.ClosedFirst;
}
