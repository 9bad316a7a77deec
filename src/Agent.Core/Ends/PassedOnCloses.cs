namespace Agent.Core.Ends;

/// <summary>
/// Tells which idle closes of a proxy were its own: one that closes a client's connection because the server behind it has closed the other
/// leg did not time out. The two legs end within a moment and have carried the same bytes. Bounded; allocates nothing an end.
/// </summary>
internal sealed class PassedOnCloses
{
    /// <summary>How many ends of either side are remembered.</summary>
    public const int MaxRemembered = 64;

    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(250);

    private readonly Leg[] _behind = new Leg[MaxRemembered];
    private readonly Leg[] _front = new Leg[MaxRemembered];
    private int _behindCount;
    private int _frontCount;

    /// <summary>A server behind closed a connection that this pod had opened.</summary>
    public void SawBehind(in EndRecord record)
    {
        var leg = new Leg(record.At.Monotonic, record.Facts.ReceivedBytes, record.Facts.SentBytes, null, 0);
        _behind[_behindCount++ % MaxRemembered] = leg;
        foreach (ref readonly var front in _front.AsSpan(0, Math.Min(_frontCount, MaxRemembered)))
        {
            if (front.Matches(leg))
            {
                front.Port!.IdleCloses!.PassOn(front.Number);
            }
        }
    }

    /// <summary>This pod closed an idle connection that it had accepted.</summary>
    /// <param name="record">Its end.</param>
    /// <param name="number">Its number among the idle closes of its port.</param>
    public void SawFront(in EndRecord record, long number)
    {
        var leg = new Leg(record.At.Monotonic, record.Facts.SentBytes, record.Facts.ReceivedBytes, record.Port, number);
        _front[_frontCount++ % MaxRemembered] = leg;
        foreach (ref readonly var behind in _behind.AsSpan(0, Math.Min(_behindCount, MaxRemembered)))
        {
            if (leg.Matches(behind))
            {
                record.Port.IdleCloses!.PassOn(number);
                return;
            }
        }
    }

    /// <param name="At">When it ended, monotonic.</param>
    /// <param name="ToClient">Bytes on their way to the client.</param>
    /// <param name="ToServer">Bytes on their way to the server.</param>
    /// <param name="Port">Where a front's close was counted.</param>
    /// <param name="Number">As which.</param>
    private readonly record struct Leg(TimeSpan At, ulong ToClient, ulong ToServer, PortEnds? Port, long Number)
    {
        public bool Matches(in Leg other) => (At - other.At).Duration() <= s_moment
            && Near(ToClient, other.ToClient)
            && Near(ToServer, other.ToServer);

        // Bytes that came may count the peer's FIN, which only one of the legs has.
        private static bool Near(ulong a, ulong b) => Math.Max(a, b) - Math.Min(a, b) <= 1;
    }
}
