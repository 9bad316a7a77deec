namespace Agent.Hosting;

/// <summary>Decides when the conntrack table is dumped: so seldom that dumps take no more than the budget on average.</summary>
/// <remarks>The cost of a dump is the kernel's and grows with the table; it is spent on one core, so that its wall time is its CPU time.</remarks>
internal sealed class DumpSchedule(TimeProvider time)
{
    private long _lastStart;
    private TimeSpan? _lastCost;

    /// <summary>Whether the scan that begins now is to dump.</summary>
    /// <param name="budgetPercent">Percent of one core.</param>
    public bool IsDue(double budgetPercent) =>
        _lastCost is not { } cost || time.GetElapsedTime(_lastStart) >= Spacing(cost, budgetPercent);

    /// <summary>Takes note of a dump.</summary>
    /// <param name="start">When its scan began, as <see cref="TimeProvider.GetTimestamp"/> counts.</param>
    /// <param name="cost">How long it took.</param>
    public void Dumped(long start, TimeSpan cost) => (_lastStart, _lastCost) = (start, cost);

    /// <summary>Time between the beginnings of two dumps of this cost.</summary>
    public static TimeSpan Spacing(TimeSpan cost, double budgetPercent) => cost * (100 / budgetPercent);
}
