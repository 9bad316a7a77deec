using Agent.Core.Model;

namespace Agent.Core.Ends;

/// <content>What is judged is counted, once, and told.</content>
public sealed partial class EndsTally
{
    private void Judge(ref EndRecord record)
    {
        var habit = record.Port.Habit;
        var alerts = habit.SeesAlerts && (!EndJudge.HidesARequest(record.Facts) || MayHideARequest(record));
        record.Judgement = EndJudge.Judge(record.Facts, record.Closer, habit.SaysLastWords, habit.IsQuiet, alerts);
        if (record.Judgement.Loss == LossCause.Unanswered && habit.MayAnswerWordsLate && EndJudge.MayBeLateWords(record.Facts))
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

        if (cause != LossCause.Unknown && record.Judgement.NeedsQuietPort && !record.Port.Habit.IsQuiet)
        {
            record.Loss = LossState.Held;
            record.Port.Hold(cause, record.At.Utc);
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

    /// <summary>Lets an end say what the clients of its port do when they close.</summary>
    private void Vote(in EndRecord record, EndClock now)
    {
        var facts = record.Facts;
        if (!facts.IsComplete || !facts.WasUsed)
        {
            return;
        }

        // A server's alert that nobody took, or a client's that nobody read.
        var isTls = facts.Role == EndRole.Server && (ControlSizes.IsAlert(facts.UnacknowledgedBytes)
            || ControlSizes.IsAlert(facts.UnacknowledgedBytes - 1) || ControlSizes.IsAlert(facts.UnreadBytes - 1));
        if (isTls || ControlSizes.IsAlert(facts.UnacknowledgedBytes) || ControlSizes.IsAlert(facts.UnreadBytes - 1))
        {
            SeeAlert(record);
        }

        if (facts.ServerSpokeUnasked
            && ControlSizes.IsShortAlert(facts.Role == EndRole.Server ? facts.UnacknowledgedBytes - 1 : facts.UnreadBytes - 1))
        {
            record.Port.Habit.SawServerAlert();
            if (record.Partner >= 0 && _ring.Has(record.Partner))
            {
                _ring[record.Partner].Port.Habit.SawServerAlert();
            }
        }

        var clientWasFirst = record.Closer == (facts.Role == EndRole.Client ? ClosedBy.Pod : ClosedBy.Peer);
        // A client that says something and closes gives up or says last words, and on a busy machine time passes between the two.
        if (isTls || (clientWasFirst && facts is { IsWaiting: true, WasNeverAnswered: false }))
        {
            SeeLastWords(record);
        }
        else if (record.Closer != ClosedBy.Unknown && !facts.IsWaiting && facts.RequestMilliseconds >= EndJudge.IdleFromMilliseconds
            && (facts.Role == EndRole.Client || clientWasFirst))
        {
            Quiet(record, now);
        }
    }

    private void SeeAlert(in EndRecord record)
    {
        record.Port.Habit.SawAlert();
        if (record.Partner >= 0 && _ring.Has(record.Partner))
        {
            _ring[record.Partner].Port.Habit.SawAlert();
        }
    }

    private void SeeLastWords(in EndRecord record)
    {
        record.Port.Habit.SawLastWords();
        if (record.Partner >= 0 && _ring.Has(record.Partner))
        {
            _ring[record.Partner].Port.Habit.SawLastWords();
        }
    }

    private void Quiet(in EndRecord record, EndClock now)
    {
        SeeQuietClose(record.Port, now);
        if (record.Partner >= 0 && _ring.Has(record.Partner))
        {
            SeeQuietClose(_ring[record.Partner].Port, now);
        }
    }

    private void SeeQuietClose(PortEnds port, EndClock now)
    {
        port.Habit.SawQuietClose();
        if (!port.TryRelease())
        {
            return;
        }

        for (var position = _ring.First; position < _ring.Next; position++)
        {
            ref var record = ref _ring[position];
            if (record.Loss == LossState.Held && record.Port == port)
            {
                record.Loss = LossState.Counted;
                NoteIdleBefore(record);
                Tell(record, record.Cause, isCorrection: true);
            }
        }
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
