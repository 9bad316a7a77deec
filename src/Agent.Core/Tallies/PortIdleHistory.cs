namespace Agent.Core.Tallies;

/// <summary>How long connections at one listening port were idle, and who ended them, over the last minutes.</summary>
public sealed class PortIdleHistory
{
    private const int MaxCloses = 64;
    private const int RestartsBefore = 2;

    private static readonly TimeSpan s_memory = TimeSpan.FromMinutes(15);

    private readonly Queue<(TimeSpan At, long Samples, TimeSpan Longest)> _samples = new();
    private readonly Queue<TimeSpan> _idleAtClose = new();
    private readonly Queue<TimeSpan> _restartsBefore = new();

    private ListenerInodes _listeners;

    /// <summary>
    /// Monotonic time of the scan that first saw all listening sockets of the port replaced: its server was started anew. Null when they
    /// are those that were there when watching began. A server that reloads keeps its sockets.
    /// </summary>
    public TimeSpan? RestartedAt { get; private set; }

    /// <summary>Monotonic time of the scan that saw that for the third-last time; null when there were fewer.</summary>
    public TimeSpan? ThirdLastRestartAt => _restartsBefore.Count == RestartsBefore ? _restartsBefore.Peek() : null;

    /// <summary>How often that was seen.</summary>
    public long Restarts { get; private set; }

    /// <summary>Connections that this side closed while they were idle.</summary>
    public long ClosesByPod { get; private set; }

    /// <summary>Connections that the peer closed while they were idle.</summary>
    public long ClosesByPeer { get; private set; }

    /// <summary>Sockets looked at within the memory of this history.</summary>
    public long Samples => _samples.Sum(static sample => sample.Samples);

    /// <summary>Scans within that memory that had any.</summary>
    public int Scans => _samples.Count;

    /// <summary>The longest idle time of an established connection within that memory; null without samples.</summary>
    public TimeSpan? Longest => Samples == 0 ? null : _samples.Max(static sample => sample.Longest);

    /// <summary>
    /// How long the connections that this side closed had been idle; null when unknown. The lower quartile of the last ones: one that was
    /// used again between two scans looks idle for longer than it was, never for shorter.
    /// </summary>
    public TimeSpan? IdleAtClose => _idleAtClose.Count == 0 ? null : _idleAtClose.Order().ElementAt(_idleAtClose.Count / 4);

    /// <summary>True when at least half of them were within a tenth of <see cref="IdleAtClose"/>, as a time-out makes them.</summary>
    public bool IdleClosesAgree =>
        IdleAtClose is { } idle && 2 * _idleAtClose.Count(close => (close - idle).Duration() <= 0.1 * idle) >= _idleAtClose.Count;

    /// <summary>Notes the listening sockets of a scan. What an earlier server did is forgotten with it.</summary>
    internal void NoteListeners(TimeSpan now, in ListenerInodes listeners)
    {
        if (listeners.IsEmpty)
        {
            return;
        }

        if (!_listeners.IsEmpty && listeners.SharesNoneWith(_listeners))
        {
            if (RestartedAt is { } last)
            {
                if (_restartsBefore.Count == RestartsBefore)
                {
                    _restartsBefore.Dequeue();
                }

                _restartsBefore.Enqueue(last);
            }

            RestartedAt = now;
            Restarts++;
            ClosesByPod = ClosesByPeer = 0;
            _samples.Clear();
            _idleAtClose.Clear();
        }

        _listeners = listeners;
    }

    internal void AddSample(TimeSpan now, long samples, TimeSpan longest)
    {
        while (_samples.TryPeek(out var oldest) && now - oldest.At > s_memory)
        {
            _samples.Dequeue();
        }

        if (samples > 0)
        {
            _samples.Enqueue((now, samples, longest));
        }
    }

    internal void AddCloseByPod(TimeSpan? idleAtClose)
    {
        ClosesByPod++;
        if (idleAtClose is { } idle)
        {
            if (_idleAtClose.Count == MaxCloses)
            {
                _idleAtClose.Dequeue();
            }

            _idleAtClose.Enqueue(idle);
        }
    }

    internal void AddCloseByPeer() => ClosesByPeer++;
}
