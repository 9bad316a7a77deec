namespace Agent.Core.Ends;

/// <summary>
/// Resets that one network namespace has sent (OutRsts of /proc/PID/net/snmp), against those that its own ends explain. A request that came
/// from another node after the close is only believed where the server's side sent a reset that nothing else explains.
/// </summary>
public sealed class ResetLedger
{
    private const int Length = 8;

    private readonly Reading[] _readings = new Reading[Length];
    private int _count;
    private long _explained;

    /// <summary>One more reset is explained: a close with data unread, or a late request that was counted.</summary>
    public void Explain() => _explained++;

    /// <summary>Notes the counter.</summary>
    /// <param name="now">Monotonic time of the reading.</param>
    /// <param name="resetsSent">OutRsts.</param>
    public void Read(TimeSpan now, long resetsSent)
    {
        _readings[_count % Length] = new(now, resetsSent, _explained);
        _count++;
    }

    /// <summary>How many resets since a time nothing explains so far.</summary>
    /// <param name="since">The first end in question.</param>
    /// <param name="until">The last end in question: the counter must have been read after it.</param>
    /// <returns>Null when the counter was not read before the one and after the other.</returns>
    public long? Unexplained(TimeSpan since, TimeSpan until)
    {
        if (_count == 0 || _readings[(_count - 1) % Length] is var last && last.At <= until)
        {
            return null;
        }

        for (var i = _count - 1; i >= 0 && i >= _count - Length; i--)
        {
            ref readonly var before = ref _readings[i % Length];
            if (before.At <= since)
            {
                return Math.Max(0, last.ResetsSent - before.ResetsSent - (_explained - before.Explained));
            }
        }

        return null;
    }

    private readonly record struct Reading(TimeSpan At, long ResetsSent, long Explained);
}
