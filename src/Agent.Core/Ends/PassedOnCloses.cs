namespace Agent.Core.Ends;

/// <summary>
/// Tells which idle closes of a proxy were its own: one that closes a client's connection because the server behind it has closed the other
/// leg did not time out. The two legs end within a moment and have carried the same bytes, and are told of in any order: who closed first
/// is known after the next dump of sockets, of all ends since the last one at once. Bounded; allocates nothing an end.
/// </summary>
internal sealed class PassedOnCloses
{
    private readonly RecentLegs _behind = new();
    private readonly RecentLegs _front = new();

    /// <summary>A server behind closed a connection that this pod had opened.</summary>
    public void SawBehind(in EndRecord record)
    {
        var leg = new Leg(record.At.Monotonic, (uint)record.Facts.ReceivedBytes, (uint)record.Facts.SentBytes, null, 0);
        _behind.Add(leg);
        foreach (ref readonly var front in _front.At(leg.At))
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
        var leg = new Leg(record.At.Monotonic, (uint)record.Facts.SentBytes, (uint)record.Facts.ReceivedBytes, record.Port, number);
        _front.Add(leg);
        foreach (ref readonly var behind in _behind.At(leg.At))
        {
            if (leg.Matches(behind))
            {
                record.Port.IdleCloses!.PassOn(number);
                return;
            }
        }
    }
}

/// <summary>One side of what a proxy carried.</summary>
/// <param name="At">When it ended, monotonic.</param>
/// <param name="ToClient">Bytes on their way to the client, their low 32 bits.</param>
/// <param name="ToServer">Bytes on their way to the server, their low 32 bits.</param>
/// <param name="Port">Where a front's close was counted.</param>
/// <param name="Number">As which.</param>
internal readonly record struct Leg(TimeSpan At, uint ToClient, uint ToServer, PortEnds? Port, long Number)
{
    /// <summary>Legs that end within this time may belong together.</summary>
    public static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(250);

    public bool Matches(in Leg other) => (At - other.At).Duration() <= Moment
        && Near(ToClient, other.ToClient)
        && Near(ToServer, other.ToServer);

    // Bytes that came may count the peer's FIN, which only one of the legs has.
    private static bool Near(uint a, uint b) => unchecked(a - b + 1) <= 2;
}
