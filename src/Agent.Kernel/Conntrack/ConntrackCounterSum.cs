using System.Runtime.CompilerServices;
using static Agent.Kernel.Interop.ConntrackConstants;

namespace Agent.Kernel.Conntrack;

/// <summary>
/// Adds up numbers by their CTA_STATS_* (of several CPUs) or CTA_STATS_GLOBAL_*; /proc's columns are mapped to the same numbers.
/// </summary>
internal struct ConntrackCounterSum
{
    private Counters _sums;
    private uint _seen;

    /// <summary>Adds one counter of one CPU; numbers that are unknown are passed over.</summary>
    internal void Add(int counter, ulong value)
    {
        if (counter is > 0 and < Counters.Length)
        {
            _sums[counter] += value;
            _seen |= 1u << counter;
        }
    }

    internal readonly ConntrackStatistics ToStatistics() => new()
    {
        Found = Get(CTA_STATS_FOUND),
        Invalid = Get(CTA_STATS_INVALID),
        Insert = Get(CTA_STATS_INSERT),
        InsertFailed = Get(CTA_STATS_INSERT_FAILED),
        Drop = Get(CTA_STATS_DROP),
        EarlyDrop = Get(CTA_STATS_EARLY_DROP),
        Error = Get(CTA_STATS_ERROR),
        SearchRestart = Get(CTA_STATS_SEARCH_RESTART),
        ClashResolve = Get(CTA_STATS_CLASH_RESOLVE),
        ChainTooLong = Get(CTA_STATS_CHAIN_TOOLONG),
    };

    /// <summary>Where the numbers are CTA_STATS_GLOBAL_*.</summary>
    internal readonly ConntrackCount ToCount() => new((long?)Get(CTA_STATS_GLOBAL_ENTRIES), (long?)Get(CTA_STATS_GLOBAL_MAX_ENTRIES));

    private readonly ulong? Get(int counter) => (_seen & (1u << counter)) != 0 ? _sums[counter] : null;

    [InlineArray(Length)]
    private struct Counters
    {
        internal const int Length = CTA_STATS_CHAIN_TOOLONG + 1;

        private ulong _first;
    }
}
