using Agent.Core.Model;

namespace Agent.Core.Ends;

/// <content>What is judged is counted, once, and told.</content>
public sealed partial class EndsTally
{
    private void Judge(ref EndRecord record)
    {
        var habit = record.Port.Habit;
        var alerts = habit.SeesAlerts && (!EndJudge.HidesARequest(record.Facts) || MayHideARequest(record));
        var quiet = habit.IsQuiet && habit.RulesOut(record.Facts.AlertLeft, record.ClientEnd.Address);
        var mayBeWords = habit.MayAnswerWordsLate;
        record.Judgement = EndJudge.Judge(record.Facts, record.Closer, habit.SaysLastWords, quiet, alerts, mayBeWords);
        if (record.Judgement.Loss == LossCause.Unanswered && mayBeWords && EndJudge.MayBeLateWords(record.Facts))
        {
            record.Judgement = record.Judgement with { NeedsQuietPort = true };
        }
    }

    private void DecideOrAwait(ref EndRecord record, EndClock now)
    {
        if (record.Judgement.NeedsCloser)
        {
            return;
        }

        if (record.Facts.Role == EndRole.Client && record.Judgement.Loss != LossCause.None && record.Partner < 0
            && now.Monotonic - record.At.Monotonic < ServerPatience)
        {
            record.Loss = LossState.AwaitsServer;
            return;
        }

        Decide(ref record, now);
    }

    private void Decide(ref EndRecord record, EndClock now)
    {
        record.IsDecided = true;
        record.Network.Undecided--;
        _undecided--;
        record.Pod.Add(record.Facts.Role, record.Judgement.Kind);
        NoteIdleClose(record);

        Vote(record, now);
        CountLoss(ref record, now, isCorrection: false);
    }

    /// <summary>A close of an idle connection by its server, as the server's side or the client's tells of it.</summary>
    private static void NoteIdleClose(in EndRecord record)
    {
        var facts = record.Facts;
        if (facts.Role == EndRole.Server)
        {
            if (record.Judgement.Kind == EndKind.ClosedFirstIdle)
            {
                record.Pod.PassedOn.SawFront(record, record.Port.AddIdleClose(IdleMilliseconds(record), record.At.Utc));
            }
            else if (record.Judgement is { Kind: EndKind.ResetUnread, Loss: LossCause.UnreadAtClose } && !facts.WasNeverAnswered
                && facts.AnswerMilliseconds >= EndJudge.IdleFromMilliseconds)
            {
                // Its time-out ended although a request had come: it was too busy to read it.
                record.Port.AddCloseWitness(facts.AnswerMilliseconds, record.At.Utc);
            }

            return;
        }

        if (facts.WasIdle && record.Judgement.Kind is EndKind.PeerFirst or EndKind.ResetReceived)
        {
            record.Pod.PassedOn.SawBehind(record);
        }

        if (record.Judgement.Kind == EndKind.PeerFirst && facts is { IsComplete: true, IsWaiting: false, WasUsed: true }
            && IdleMilliseconds(record) is >= EndJudge.IdleFromMilliseconds and var idle)
        {
            record.Port.AddIdleClose(idle, record.At.Utc);
        }
        else if (record.Judgement.Loss == LossCause.AfterClose
            && facts.PeerClosedAfterMilliseconds is >= EndJudge.IdleFromMilliseconds and var closed)
        {
            record.Port.AddIdleClose(closed, record.At.Utc);
        }
    }

    /// <summary>Of a request that met a close, how long its connection had been idle before. The client's side knows best.</summary>
    private void NoteIdleBefore(in EndRecord record)
    {
        var facts = record.Facts.Role == EndRole.Server && record.Partner >= 0 && _ring.Has(record.Partner)
            ? _ring[record.Partner].Facts
            : record.Facts;
        if (record.Cause is LossCause.AfterClose or LossCause.UnreadAtClose && facts.IdleBeforeRequestMilliseconds is { } idle)
        {
            record.Port.AddIdleBeforeLoss(idle);
        }
    }

    /// <summary>Counts the loss of an end that is judged, holds it back, or leaves it to the server's side, and tells of the end.</summary>
    private void CountLoss(ref EndRecord record, EndClock now, bool isCorrection)
    {
        var cause = LossOf(record);
        if (cause != LossCause.None && record.Facts.Role == EndRole.Client && ServerPortOf(record) is { } server)
        {
            record.Port = server;
        }

        record.Loss = LossState.None;
        record.Cause = cause;
        if (cause == LossCause.None)
        {
            Tell(record, LossCause.None, isCorrection);
            return;
        }

        if (cause != LossCause.Unknown && record.Judgement.NeedsQuietPort && !IsQuietFor(record))
        {
            record.Loss = LossState.Held;
            record.Port.Hold(cause, record.MayBeAlert, record.At.Utc);
            Tell(record, LossCause.Unknown, isCorrection);
            return;
        }

        record.Loss = LossState.Counted;
        record.Port.AddLoss(cause, record.At.Utc);
        NoteIdleBefore(record);
        if (cause == LossCause.Unanswered && record.Facts.WasNeverAnswered)
        {
            record.Port.AddFirstUnanswered(record.Facts.RequestMilliseconds, record.At.Utc);
        }

        Tell(record, cause, isCorrection);
    }

    /// <summary>Whether what looks like a lost request is one at its port, as far as last words and alerts are concerned.</summary>
    private static bool IsQuietFor(in EndRecord record) =>
        record.Port.Habit is { IsQuiet: true } habit && habit.RulesOut(record.Judgement.Alert, record.ClientEnd.Address);

    /// <summary>What may have been an alert is a lost request once its port, or its client, is known to say none.</summary>
    private void SettleAlert(ref EndRecord record, EndClock now)
    {
        if (record is { Loss: LossState.Held, MayBeAlert: true } && IsQuietFor(record))
        {
            record.Port.TakeBack(record.Cause, mayBeAlert: true);
            CountLoss(ref record, now, isCorrection: true);
        }
    }

    private static LossCause LossOf(in EndRecord record)
    {
        // A server's answer that nobody took looks like a client's request that nobody took.
        if (record is { RoleIsGuess: true, Judgement.Loss: not LossCause.None })
        {
            return LossCause.Unknown;
        }

        if (record.Facts.Role == EndRole.Server || record.Judgement.Loss == LossCause.None)
        {
            return record.Judgement.Loss;
        }

        // A socket that is not in TIME_WAIT may also have been a client's that gave up and was reset.
        return record.Partner >= 0 ? LossCause.None
            : record.Judgement.Loss == LossCause.Unanswered && !record.CloserIsCertain ? LossCause.Unknown
            : record.Judgement.Loss;
    }

    /// <summary>Last words at the moment of the close are no use of the connection.</summary>
    private static uint IdleMilliseconds(in EndRecord record) => EndJudge.IdleMilliseconds(record.Facts, record.Port.Habit.SaysLastWords);

    private void Tell(in EndRecord record, LossCause loss, bool isCorrection)
    {
        if (observer is null || (isCorrection && loss == LossCause.None))
        {
            return;
        }

        var facts = record.Facts;
        var peerFin = record.Closer == ClosedBy.Peer || facts.UnreadBytes == 1 ? 1u : 0u;
        observer.OnJudged(new JudgedEnd
        {
            At = record.At.Utc,
            Pod = record.Pod.Identity,
            Role = facts.Role,
            Tuple = record.Tuple,
            Kind = record.Judgement.Kind,
            Idle = facts.IsComplete && facts.WasUsed ? TimeSpan.FromMilliseconds(IdleMilliseconds(record)) : null,
            Loss = loss,
            IsCorrection = isCorrection,
            SentBytes = facts.IsComplete ? facts.SentBytes : null,
            ReceivedBytes = facts.IsComplete ? facts.ReceivedBytes - Math.Min(facts.ReceivedBytes, peerFin) : null,
            UnreadBytes = facts.UnreadBytes - Math.Min(facts.UnreadBytes, peerFin),
            UnacknowledgedBytes = facts.UnacknowledgedBytes > 1 ? facts.UnacknowledgedBytes : 0,
        });
    }
}
