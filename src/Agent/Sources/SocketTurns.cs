using Agent.Core.Tallies;

namespace Agent.Sources;

/// <summary>
/// Which namespaces' sockets are dumped in a scan, so that all dumps together stay within their share of the budget: each walks the
/// connections of the whole machine. Those whose dump is the oldest come first; the others show their last one again.
/// </summary>
/// <remarks>
/// The host, and whoever has more half-closed sockets than are remembered, are dumped in every scan: that leaves the others less, but never
/// less than half of the share, or whoever holds many half-closed sockets would hide everybody else's. So a scan's dumps cost at most
/// the share, or what cannot wait and half of it; and one dump at least is made, whatever it costs, so that each has its turn.
/// </remarks>
internal sealed class SocketTurns
{
    /// <summary>Dumps of sockets may take so much of the budget: the other half is the conntrack table's.</summary>
    private const double Share = 0.5;

    /// <summary>What those that cannot wait leave of the share to those that can.</summary>
    private const double Left = 0.5;

    /// <summary>Scans that follow each other sooner count as if they were so far apart: milliseconds are not worth old numbers.</summary>
    private static readonly TimeSpan s_shortest = TimeSpan.FromSeconds(2);

    private readonly HashSet<SocketMemory> _waiting = [];
    private TimeSpan? _lastAt;

    /// <summary>Starts a scan.</summary>
    /// <param name="memories">Of all namespaces.</param>
    /// <param name="now">Monotonic time.</param>
    /// <param name="budgetPercent">Collection:CpuBudgetPercent, of one core; null when nobody is to wait.</param>
    public void Begin(IEnumerable<SocketMemory> memories, TimeSpan now, double? budgetPercent)
    {
        _waiting.Clear();
        if (_lastAt is { } lastAt && budgetPercent is { } percent)
        {
            var elapsed = now - lastAt > s_shortest ? now - lastAt : s_shortest;
            var dumped = memories.Where(static memory => !memory.IsResting).ToLookup(static memory => memory.CanRecall);
            Choose(dumped, elapsed * (percent * Share / 100));
        }

        _lastAt = now;
    }

    /// <summary>True when a namespace is to show its last dump again.</summary>
    public bool MustWait(SocketMemory memory) => _waiting.Contains(memory);

    private void Choose(ILookup<bool, SocketMemory> canWait, TimeSpan share)
    {
        var left = canWait[false].Aggregate(share, static (left, memory) => left - memory.Cost);
        left = left > share * Left ? left : share * Left;
        var isFirst = true;
        foreach (var memory in canWait[true].OrderBy(static memory => memory.DumpedAt))
        {
            left -= memory.Cost;
            if (left < TimeSpan.Zero && !isFirst)
            {
                _waiting.Add(memory);
            }

            isFirst = false;
        }
    }
}
