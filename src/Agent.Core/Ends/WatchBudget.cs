namespace Agent.Core.Ends;

/// <summary>
/// When the ends of connections are listened to, so that what they cost stays inside a share of one core: as long as it does, always; above
/// it in turns. Keeps account of how long that was. Pure: the caller has the clock. Not thread-safe.
/// </summary>
/// <remarks>
/// Unused time of the last minute may be used up in a burst. Once it is, nothing is heard until a quarter of it has come together again, so
/// that the turns are long against what joining and leaving cost, and short against what is shown.
/// </remarks>
public sealed class WatchBudget
{
    private const int SlotCount = 30;

    private static readonly TimeSpan s_saved = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_slotLength = TimeSpan.FromSeconds(10);

    private readonly Slot[] _slots = new Slot[SlotCount];
    private TimeSpan _now;
    private TimeSpan _credit;
    private TimeSpan _slotEnd;
    private int _slot;
    private double _share;

    /// <summary>Begins to listen.</summary>
    /// <param name="now">Monotonic time.</param>
    /// <param name="percent">Percent of one core that listening may take.</param>
    public WatchBudget(TimeSpan now, double percent)
    {
        _now = now;
        _slotEnd = now + s_slotLength;
        _share = percent / 100;
        _credit = Most;
    }

    /// <summary>Whether to listen now.</summary>
    public bool IsListening { get; private set; } = true;

    /// <summary>How long it was listened to in all.</summary>
    public TimeSpan Watched { get; private set; }

    /// <summary>Share of the last five minutes, or of the time since the beginning, in which it was listened to: 0 to 1.</summary>
    public double WatchedShare
    {
        get
        {
            TimeSpan watched = default, elapsed = default;
            foreach (var slot in _slots)
            {
                watched += slot.Watched;
                elapsed += slot.Elapsed;
            }

            return elapsed > TimeSpan.Zero ? watched / elapsed : IsListening ? 1 : 0;
        }
    }

    private TimeSpan Most => s_saved * _share;

    /// <summary>Takes another budget from now on.</summary>
    /// <param name="percent">Percent of one core.</param>
    public void SetPercent(double percent)
    {
        _share = percent / 100;
        _credit = _credit < Most ? _credit : Most;
    }

    /// <summary>Accounts for the time since the last call and decides.</summary>
    /// <param name="now">Monotonic time.</param>
    /// <param name="cost">CPU time that listening took since the last call.</param>
    /// <returns><see cref="IsListening"/> from now on.</returns>
    public bool Update(TimeSpan now, TimeSpan cost)
    {
        Advance(now);
        _credit -= cost;
        IsListening = IsListening ? _credit >= TimeSpan.Zero && _share > 0 : _credit >= Most / 4 && _share > 0;
        return IsListening;
    }

    /// <summary>Accounts for the time since the last call, and decides nothing.</summary>
    /// <param name="now">Monotonic time.</param>
    public void Advance(TimeSpan now)
    {
        var elapsed = now - _now;
        _now = now;
        _credit += elapsed * _share;
        _credit = _credit < Most ? _credit : Most;
        while (_now >= _slotEnd)
        {
            _slotEnd += s_slotLength;
            _slot = (_slot + 1) % SlotCount;
            _slots[_slot] = default;
        }

        var watched = IsListening ? elapsed : TimeSpan.Zero;
        Watched += watched;
        _slots[_slot] = new(_slots[_slot].Watched + watched, _slots[_slot].Elapsed + elapsed);
    }

    private readonly record struct Slot(TimeSpan Watched, TimeSpan Elapsed);
}
