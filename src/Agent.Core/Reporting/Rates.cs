namespace Agent.Core.Reporting;

/// <summary>Counters to rates.</summary>
internal static class Rates
{
    /// <summary>Increments per second; null when either value is unknown or the counter was reset between the two.</summary>
    public static double? PerSecond(ulong? before, ulong? now, TimeSpan window) =>
        before is { } from && now is { } to && to >= from && window > TimeSpan.Zero ? (to - from) / window.TotalSeconds : null;
}
