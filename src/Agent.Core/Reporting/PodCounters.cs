using System.Collections.Immutable;
using Agent.Kernel.ProcFs;

namespace Agent.Core.Reporting;

/// <summary>The TCP counters of a namespace that a report shows.</summary>
internal static class PodCounters
{
    /// <summary>One counter.</summary>
    /// <param name="Title">Column title.</param>
    /// <param name="JsonName">As the JSON report has it.</param>
    /// <param name="Read">Its value; null when this kernel does not have it.</param>
    public sealed record Counter(string Title, string JsonName, Func<TcpCounters, ulong?> Read);

    public static ImmutableArray<Counter> All { get; } =
    [
        new("resets\nsent", "resetsSent", static c => c.ResetsSent),
        new("estab.\nreset", "establishedResets", static c => c.EstablishedResets),
        new("abort:\ndata", "abortOnData", static c => c.AbortOnData),
        new("abort:\nclose", "abortOnClose", static c => c.AbortOnClose),
        new("abort:\ntimeout", "abortOnTimeout", static c => c.AbortOnTimeout),
        new("listen\noverflow", "listenOverflows", static c => c.ListenOverflows),
        new("listen\ndrop", "listenDrops", static c => c.ListenDrops),
    ];
}
