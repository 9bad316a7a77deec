namespace Agent.Loop;

/// <summary>Decides when the conntrack table is dumped: so seldom that the agent stays within its budget on average.</summary>
/// <remarks>
/// The cost of a dump is the kernel's and grows with the table; it is spent on one core, so that its wall time is its CPU time.
/// Dumps get what the rest of the agent leaves of the budget, and never less than a third of it.
/// </remarks>
internal sealed class DumpSchedule(TimeProvider time, Func<TimeSpan> processorTime)
{
    /// <summary>Where the rest takes the whole budget, dumps come so many times more seldom than their own cost would ask for.</summary>
    private const int MostSpacings = 3;

    private long _lastStart;
    private TimeSpan _lastProcessorTime;
    private TimeSpan? _lastCost;

    /// <summary>Whether the scan that begins now is to dump.</summary>
    /// <param name="budgetPercent">Percent of one core.</param>
    public bool IsDue(double budgetPercent)
    {
        if (_lastCost is not { } cost)
        {
            return true;
        }

        var elapsed = time.GetElapsedTime(_lastStart);
        var spacing = Spacing(cost, budgetPercent);
        return elapsed >= MostSpacings * spacing
            || (elapsed >= spacing && elapsed >= Spacing(processorTime() - _lastProcessorTime, budgetPercent));
    }

    /// <summary>Takes note that a scan with a dump begins.</summary>
    public void Begin() => (_lastStart, _lastProcessorTime) = (time.GetTimestamp(), processorTime());

    /// <summary>Takes note of what the dump has cost.</summary>
    public void Dumped(TimeSpan cost) => _lastCost = cost;

    /// <summary>Time between the beginnings of two dumps of this cost.</summary>
    public static TimeSpan Spacing(TimeSpan cost, double budgetPercent) => cost * (100 / budgetPercent);
}
