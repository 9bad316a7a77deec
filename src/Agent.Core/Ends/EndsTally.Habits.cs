using Agent.Core.Model;

namespace Agent.Core.Ends;

/// <content>What ends tell of the habits of their port (<see cref="PortHabit"/>).</content>
public sealed partial class EndsTally
{
    /// <summary>Lets an end say what the clients of its port do when they close.</summary>
    private void Vote(in EndRecord record, EndClock now)
    {
        var facts = record.Facts;
        if (!facts.IsComplete || !facts.WasUsed)
        {
            return;
        }

        // A server's alert that nobody took, or a client's that nobody read.
        var unread = ControlSizes.AlertOf(facts.UnreadBytes - 1);
        var isTls = facts.Role == EndRole.Server
            && (ControlSizes.AlertAndFinOf(facts.UnacknowledgedBytes) != AlertLength.None || unread != AlertLength.None);
        if (isTls || ControlSizes.AlertOf(facts.UnacknowledgedBytes) != AlertLength.None || unread != AlertLength.None)
        {
            SeeAlert(record);
        }

        var clientWasFirst = record.Closer == (facts.Role == EndRole.Client ? ClosedBy.Pod : ClosedBy.Peer);
        NoteProtocol(record, clientWasFirst);
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

    /// <summary>
    /// Notes what can only be a TLS alert: the server's, unasked, or its client's just before it closed. Also what can be no TLS at all.
    /// </summary>
    private void NoteProtocol(in EndRecord record, bool clientWasFirst)
    {
        var facts = record.Facts;
        if (facts.IsTooShortForTls)
        {
            record.Port.Habit.SawPlain();
            return;
        }

        var isServer = facts.Role == EndRole.Server;
        var alert = facts.ServerSpokeUnasked ? ControlSizes.AlertOf(isServer ? facts.UnacknowledgedBytes - 1 : facts.UnreadBytes - 1)
            : isServer && clientWasFirst && facts.ClientWaitedMilliseconds < EndJudge.LastWordsMilliseconds
                && ControlSizes.AlertOf(facts.UnreadBytes - 1) == AlertLength.Cbc ? AlertLength.Cbc
            : AlertLength.None;
        if (alert == AlertLength.None)
        {
            return;
        }

        record.Port.Habit.SawCertainAlert(alert, record.ClientEnd.Address);
        if (record.Partner >= 0 && _ring.Has(record.Partner))
        {
            _ring[record.Partner].Port.Habit.SawCertainAlert(alert, _ring[record.Partner].ClientEnd.Address);
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
            if (record is { Loss: LossState.Held, MayBeAlert: false } && record.Port == port)
            {
                record.Loss = LossState.Counted;
                NoteIdleBefore(record);
                Tell(record, record.Cause, isCorrection: true);
            }
        }
    }
}
