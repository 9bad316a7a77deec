namespace Agent.Tests.Testing;

/// <summary>A clock that stands still until it is moved. Its frequency is odd on purpose: code that takes timestamps for ticks fails.</summary>
internal sealed class ManualTimeProvider : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private TimeSpan _elapsed;
    private TimeSpan _wallClockShift;

    public override long TimestampFrequency => 1_234_567;

    /// <summary>Timers that wait.</summary>
    public int Timers
    {
        get
        {
            lock (_lock)
            {
                return _timers.Count;
            }
        }
    }

    /// <summary>How many there have ever been.</summary>
    public int TimersMade { get; private set; }

    /// <summary>Those of them that wait no longer than this.</summary>
    public int TimersDueWithin(TimeSpan time)
    {
        lock (_lock)
        {
            return _timers.Count(timer => timer.DueAt <= _elapsed + time);
        }
    }

    public override long GetTimestamp()
    {
        lock (_lock)
        {
            return 987_654 + (long)(_elapsed.TotalSeconds * TimestampFrequency);
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return new DateTimeOffset(2026, 11, 21, 3, 0, 0, TimeSpan.Zero) + _elapsed + _wallClockShift;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        lock (_lock)
        {
            TimersMade++;
        }

        return timer;
    }

    /// <summary>Moves the clock, and runs what becomes due.</summary>
    public void Advance(TimeSpan by)
    {
        var due = new List<Action>();
        lock (_lock)
        {
            _elapsed += by;
            foreach (var timer in _timers.Where(timer => timer.DueAt <= _elapsed).ToArray())
            {
                due.Add(timer.Callback);
                if (timer.Period > TimeSpan.Zero)
                {
                    timer.DueAt = _elapsed + timer.Period;
                }
                else
                {
                    _timers.Remove(timer);
                }
            }
        }

        due.ForEach(static callback => callback());
    }

    /// <summary>Somebody sets the machine's clock: the monotonic one does not move.</summary>
    public void SetWallClock(TimeSpan shift)
    {
        lock (_lock)
        {
            _wallClockShift += shift;
        }
    }

    private sealed class ManualTimer(ManualTimeProvider clock, Action callback) : ITimer
    {
        public Action Callback => callback;

        public TimeSpan DueAt { get; set; }

        public TimeSpan Period { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
            {
                clock._timers.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    (DueAt, Period) = (clock._elapsed + dueTime, period);
                    clock._timers.Add(this);
                }
            }

            return true;
        }

        public void Dispose()
        {
            lock (clock._lock)
            {
                clock._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
