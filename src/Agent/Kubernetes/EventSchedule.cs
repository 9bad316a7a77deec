namespace Agent.Kubernetes;

/// <summary>
/// Which events are due: one of a finding when it begins and then once an hour, as the API server forgets events after about that time;
/// and of all together no more than a burst and then one a minute. Not thread-safe.
/// </summary>
internal sealed class EventSchedule
{
    /// <summary>How long one is not said again.</summary>
    public static readonly TimeSpan Repeat = TimeSpan.FromHours(1);

    /// <summary>How many may be said at once.</summary>
    public const int Burst = 10;

    private static readonly TimeSpan s_perEvent = TimeSpan.FromMinutes(1);

    private readonly Dictionary<(string Uid, string FindingId), DateTimeOffset> _said = [];
    private double _allowed = Burst;
    private DateTimeOffset _filledAt = DateTimeOffset.MinValue;

    /// <summary>Those to be said now; what there is no allowance for is due later, if it still holds then.</summary>
    public IReadOnlyList<PodEvent> Due(IEnumerable<PodEvent> events, DateTimeOffset now)
    {
        Refill(now);
        foreach (var (key, at) in _said)
        {
            if (now - at >= Repeat)
            {
                _said.Remove(key);
            }
        }

        var due = new List<PodEvent>();
        foreach (var one in events)
        {
            if (_allowed >= 1 && _said.TryAdd((one.Uid, one.FindingId), now))
            {
                _allowed--;
                due.Add(one);
            }
        }

        return due;
    }

    private void Refill(DateTimeOffset now)
    {
        if (_filledAt != DateTimeOffset.MinValue)
        {
            _allowed = Math.Clamp(_allowed + ((now - _filledAt) / s_perEvent), 0, Burst);
        }

        _filledAt = now;
    }
}
