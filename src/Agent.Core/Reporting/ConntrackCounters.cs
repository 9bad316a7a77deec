using System.Collections.Immutable;
using Agent.Kernel.Conntrack;

namespace Agent.Core.Reporting;

/// <summary>The tracker's counters by name.</summary>
internal static class ConntrackCounters
{
    /// <summary>One counter.</summary>
    /// <param name="Name">As conntrack -S prints it.</param>
    /// <param name="JsonName">As the JSON report has it.</param>
    /// <param name="IsLoss">Counts packets or connections that were lost: 0 is worth saying.</param>
    /// <param name="Read">Its value; null when this kernel does not have it.</param>
    public sealed record Counter(string Name, string JsonName, bool IsLoss, Func<ConntrackStatistics, ulong?> Read);

    public static ImmutableArray<Counter> All { get; } =
    [
        new("found", "found", false, static s => s.Found),
        new("invalid", "invalid", true, static s => s.Invalid),
        new("insert", "insert", false, static s => s.Insert),
        new("insert_failed", "insertFailed", true, static s => s.InsertFailed),
        new("drop", "drop", true, static s => s.Drop),
        new("early_drop", "earlyDrop", true, static s => s.EarlyDrop),
        new("error", "error", false, static s => s.Error),
        new("search_restart", "searchRestart", false, static s => s.SearchRestart),
        new("clash_resolve", "clashResolve", false, static s => s.ClashResolve),
        new("chain_too_long", "chainTooLong", false, static s => s.ChainTooLong),
    ];
}
