using Agent.Core.Model;

namespace Agent.Core.Ends;

/// <summary>
/// What is counted at one server port of one pod in one role. Nothing is allocated once it exists, but the first time its pod closes an
/// idle connection.
/// </summary>
/// <param name="role">The pod's.</param>
/// <param name="port">The server's port, the pod's own for a server; 0 for all beyond the bound.</param>
public sealed class PortEnds(EndRole role, ushort port)
{
    private const int Causes = (int)LossCause.Unanswered + 1;

    private readonly long[] _lost = new long[Causes];
    private readonly long[] _held = new long[Causes];
    private readonly DateTimeOffset[] _lastLost = new DateTimeOffset[Causes];
    private long _heldAlerts;

    /// <summary>The pod's role.</summary>
    public EndRole Role => role;

    /// <summary>The server's port.</summary>
    public ushort Port => port;

    /// <summary>What the clients of this port do before they close.</summary>
    public PortHabit Habit { get; } = new();

    /// <summary>
    /// Closes after idling: by the pod where it is the server, by what it calls where it is the client; null without any.
    /// </summary>
    public IdleHistogram? IdleCloses { get; private set; }

    /// <summary>How long connections had been idle before a request on them was lost; null where that is not known of any.</summary>
    public IdleHistogram? IdleBeforeLoss { get; private set; }

    /// <summary>
    /// How old the first thing was that a client had sent on a connection on which nothing was ever answered, when the server closed it;
    /// null without any. Its client may not have finished its request, or may not want an answer.
    /// </summary>
    public IdleHistogram? FirstUnanswered { get; private set; }

    /// <summary>True once the server was seen to have sent anything at this port.</summary>
    public bool HasAnswered { get; private set; }

    /// <summary>Ends of which nobody can say whether a request was lost, without those that are held.</summary>
    public long LossUnknown { get; private set; }

    /// <summary>Takes over what another one counted.</summary>
    public void Absorb(PortEnds other)
    {
        for (var cause = 0; cause < Causes; cause++)
        {
            _lost[cause] += other._lost[cause];
            _held[cause] += other._held[cause];
            NoteTime((LossCause)cause, other._lastLost[cause]);
        }

        _heldAlerts += other._heldAlerts;
        LossUnknown += other.LossUnknown;
        HasAnswered |= other.HasAnswered;
        if (other.FirstUnanswered is { } unanswered)
        {
            (FirstUnanswered ??= new()).Absorb(unanswered);
        }

        Habit.Absorb(other.Habit);
        if (other.IdleCloses is { } closes)
        {
            (IdleCloses ??= new()).Absorb(closes);
        }

        if (other.IdleBeforeLoss is { } losses)
        {
            (IdleBeforeLoss ??= new()).Absorb(losses);
        }
    }

    /// <summary>Counts one close of an idle connection.</summary>
    /// <returns>Its number among <see cref="IdleCloses"/>.</returns>
    public long AddIdleClose(uint idleMilliseconds, DateTimeOffset at) => (IdleCloses ??= new()).Add(idleMilliseconds, at);

    /// <summary>Notes how long a connection had been idle before a request on it was lost.</summary>
    public void AddIdleBeforeLoss(uint idleMilliseconds) => (IdleBeforeLoss ??= new()).Add(idleMilliseconds);

    /// <summary>Notes how long the first request of a connection had waited when its server closed without an answer.</summary>
    public void AddFirstUnanswered(uint milliseconds, DateTimeOffset at) => (FirstUnanswered ??= new()).Add(milliseconds, at);

    /// <summary>The server sent something on a connection of this port.</summary>
    public void SawAnswer() => HasAnswered = true;

    /// <summary>Notes the age at which a connection was closed though a request had just come; it counts as no idle close.</summary>
    public void AddCloseWitness(uint milliseconds, DateTimeOffset at) => (IdleCloses ??= new()).AddWitness(milliseconds, at);

    /// <summary>Counts one lost request, or one that may have been (<see cref="LossCause.Unknown"/>).</summary>
    public void AddLoss(LossCause cause, DateTimeOffset at)
    {
        if (cause == LossCause.Unknown)
        {
            LossUnknown++;
            return;
        }

        _lost[(int)cause]++;
        NoteTime(cause, at);
    }

    /// <summary>Keeps one back until the habit of the port is known.</summary>
    /// <param name="cause">Its cause.</param>
    /// <param name="mayBeAlert">Whether it has a TLS alert's size: then nobody releases it but who takes it back.</param>
    /// <param name="at">When.</param>
    public void Hold(LossCause cause, bool mayBeAlert, DateTimeOffset at)
    {
        Habit.Hold();
        HeldOf(cause, mayBeAlert)++;
        NoteTime(cause, at);
    }

    /// <summary>Takes one back that was held: the other end of the connection has told what it was.</summary>
    public void TakeBack(LossCause cause, bool mayBeAlert)
    {
        ref var held = ref HeldOf(cause, mayBeAlert);
        if (held > 0)
        {
            held--;
            Habit.TakeBack();
        }
    }

    /// <summary>Counts what was held, where the port turned out to be quiet. What may be an alert stays.</summary>
    /// <returns>False when nothing was held, or the habit is still not known.</returns>
    public bool TryRelease()
    {
        if (Habit.Held == _heldAlerts || !Habit.IsQuiet)
        {
            return false;
        }

        for (var cause = 0; cause < Causes; cause++)
        {
            _lost[cause] += _held[cause];
            _held[cause] = 0;
        }

        Habit.Release(Habit.Held - _heldAlerts);
        return true;
    }

    /// <summary>Lost requests of one cause.</summary>
    public long Lost(LossCause cause) => _lost[(int)cause];

    /// <summary>Those that are held, of all causes.</summary>
    public long Held => Habit.Held;

    private ref long HeldOf(LossCause cause, bool mayBeAlert) => ref mayBeAlert ? ref _heldAlerts : ref _held[(int)cause];

    internal DateTimeOffset LastLost(LossCause cause) => _lastLost[(int)cause];

    private void NoteTime(LossCause cause, DateTimeOffset at)
    {
        if (at > _lastLost[(int)cause])
        {
            _lastLost[(int)cause] = at;
        }
    }
}
