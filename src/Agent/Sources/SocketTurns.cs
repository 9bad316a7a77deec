using Agent.Core.Tallies;

namespace Agent.Sources;

/// <summary>
/// Which namespaces' sockets are dumped in a scan, so that all dumps together stay within their share of the budget: each walks the
/// connections of the whole machine. Those whose dump is the oldest come first; the others show their last one again.
/// </summary>
internal sealed class SocketTurns
{
    /// <summary>Dumps of sockets may take so much of the budget: the other half is the conntrack table's.</summary>
    private const double Share = 0.5;

    /// <summary>Scans that follow each other sooner count as if they were so far apart: milliseconds are not worth old numbers.</summary>
    private static readonly TimeSpan s_shortest = TimeSpan.FromSeconds(2);

    private readonly HashSet<SocketMemory> _waiting = [];
    private TimeSpan? _lastAt;

    /// <summary>Starts a scan.</summary>
    /// <param name="memories">Of the namespaces that can be left for later.</param>
    /// <param name="now">Monotonic time.</param>
    /// <param name="budgetPercent">Collection:CpuBudgetPercent, of one core; null when nobody is to wait.</param>
    public void Begin(IEnumerable<SocketMemory> memories, TimeSpan now, double? budgetPercent)
    {
        _waiting.Clear();
        if (_lastAt is { } lastAt && budgetPercent is { } percent)
        {
            var elapsed = now - lastAt > s_shortest ? now - lastAt : s_shortest;
            var allowance = elapsed * (percent * Share / 100);
            Choose([.. memories.Where(static memory => memory is { CanRecall: true, IsResting: false })], allowance);
        }

        _lastAt = now;
    }

    /// <summary>True when a namespace is to show its last dump again.</summary>
    public bool MustWait(SocketMemory memory) => _waiting.Contains(memory);

    /// <summary>One is dumped in any case, so that every one has its turn.</summary>
    private void Choose(SocketMemory[] memories, TimeSpan allowance)
    {
        if (memories.Aggregate(TimeSpan.Zero, static (sum, memory) => sum + memory.Cost) <= allowance)
        {
            return;
        }

        var left = allowance;
        foreach (var memory in memories.OrderBy(static memory => memory.DumpedAt).Skip(1))
        {
            left -= memory.Cost;
            if (left < TimeSpan.Zero)
            {
                _waiting.Add(memory);
            }
        }
    }
}
