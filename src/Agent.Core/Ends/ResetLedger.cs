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
    private long _perhaps;

    /// <summary>One more reset is explained: a close with data unread, or a late request that was counted.</summary>
    public void Explain() => _explained++;

    /// <summary>
    /// One more reset may be explained: data was unread when a socket was closed whose FIN had been acknowledged. None was sent where the
    /// peer's FIN had come as well (tcp_time_wait).
    /// </summary>
    public void ExplainPerhaps() => _perhaps++;

    /// <summary>Notes the counter.</summary>
    /// <param name="now">Monotonic time of the reading.</param>
    /// <param name="resetsSent">OutRsts.</param>
    public void Read(TimeSpan now, long resetsSent)
    {
        _readings[_count % Length] = new(now, resetsSent, _explained, _perhaps);
        _count++;
    }

    /// <summary>How many resets since a time nothing explains so far.</summary>
    /// <param name="since">The first end in question.</param>
    /// <param name="until">The last end in question: the counter must have been read after it.</param>
    /// <returns>
    /// How many surely and how many at most; null when the counter was not read before the one and after the other.
    /// </returns>
    public (long Surely, long AtMost)? Unexplained(TimeSpan since, TimeSpan until)
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
                var atMost = Math.Max(0, last.ResetsSent - before.ResetsSent - (_explained - before.Explained));
                return (Math.Max(0, atMost - (_perhaps - before.Perhaps)), atMost);
            }
        }

        return null;
    }

    private readonly record struct Reading(TimeSpan At, long ResetsSent, long Explained, long Perhaps);
}
