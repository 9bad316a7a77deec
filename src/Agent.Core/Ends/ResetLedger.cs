namespace Agent.Core.Ends;

/// <summary>
/// Resets that one network namespace has sent (OutRsts of /proc/PID/net/snmp), against those that its own ends explain. A request that came
/// from another node after the close is only believed where the server's side sent a reset that nothing else explains.
/// </summary>
/// <remarks>
/// Which of them an end explains is known only when it is told, or seconds later, so each reading of the counter keeps what was explained
/// since: a reset that is explained late is none of those that came meanwhile. Allocates nothing an end.
/// </remarks>
public sealed class ResetLedger
{
    /// <summary>A message of the kernel is read so long after the end that it tells of, on a busy machine.</summary>
    public static readonly TimeSpan LatestMessage = TimeSpan.FromMilliseconds(200);

    private const int Length = 8;

    private readonly Reading[] _readings = new Reading[Length];
    private int _count;
    private long _sinceLast;
    private long _perhapsSinceLast;

    private Span<Reading> Kept => _readings.AsSpan(0, Math.Min(_count, Length));

    /// <summary>One more reset is explained: a close with data unread, or a late request that was counted.</summary>
    /// <param name="since">Monotonic time from which on it may have been sent.</param>
    /// <param name="until">When it had been sent.</param>
    public void Explain(TimeSpan since, TimeSpan until)
    {
        if (_count == 0 || since >= _readings[(_count - 1) % Length].At)
        {
            _sinceLast++;
            return;
        }

        foreach (ref var reading in Kept)
        {
            if (reading.At <= since)
            {
                reading.Explained++;
            }
            else if (reading.At < until)
            {
                reading.Perhaps++;
            }
        }
    }

    /// <summary>
    /// One more reset may be explained: data was unread when a socket was closed whose FIN had been acknowledged, or which had sent what
    /// was not. None was sent where the peer's FIN had come as well (tcp_time_wait), or its reset.
    /// </summary>
    /// <param name="until">When it had been sent, if one was.</param>
    public void ExplainPerhaps(TimeSpan until)
    {
        if (_count == 0 || until - LatestMessage >= _readings[(_count - 1) % Length].At)
        {
            _perhapsSinceLast++;
            return;
        }

        foreach (ref var reading in Kept)
        {
            reading.Perhaps += reading.At < until ? 1 : 0;
        }
    }

    /// <summary>Notes the counter.</summary>
    /// <param name="now">Monotonic time of the reading.</param>
    /// <param name="resetsSent">OutRsts.</param>
    public void Read(TimeSpan now, long resetsSent)
    {
        foreach (ref var reading in Kept)
        {
            reading.Explained += _sinceLast;
            reading.Perhaps += _perhapsSinceLast;
        }

        (_sinceLast, _perhapsSinceLast) = (0, 0);
        _readings[_count % Length] = new() { At = now, ResetsSent = resetsSent };
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
                var atMost = Math.Max(0, last.ResetsSent - before.ResetsSent - before.Explained);
                return (Math.Max(0, atMost - before.Perhaps), atMost);
            }
        }

        return null;
    }

    private struct Reading
    {
        public TimeSpan At;
        public long ResetsSent;

        /// <summary>Resets between this reading and the last one that are explained.</summary>
        public long Explained;

        /// <summary>Those that may be, or that were sent before this reading.</summary>
        public long Perhaps;
    }
}
