using Agent.Core.Model;

namespace Agent.Sources;

/// <summary>Reads this node once. Not thread-safe: one scan at a time. Keeps what makes the next scan cheaper.</summary>
internal interface INodeScanner : IDisposable
{
    /// <summary>One scan. A source that fails costs its own part only and is named in <see cref="Snapshot.Sources"/>.</summary>
    /// <param name="request">What to read this time.</param>
    /// <param name="cancellationToken">Ends the scan between two reads.</param>
    Snapshot Scan(ScanRequest request, CancellationToken cancellationToken);
}

/// <summary>What to read in one scan.</summary>
/// <param name="DumpConntrack">False: keep the counts of the last dump and look up half-closed sockets one by one.</param>
internal sealed record ScanRequest(bool DumpConntrack)
{
    /// <summary>What hears connections end between scans; null when nobody does.</summary>
    public ConnectionEndWatch? Ends { get; init; }

    /// <summary>
    /// True when a large table that was never dumped may wait for the next scan, which is to follow at once: everything else is known
    /// sooner. The snapshot says so (<see cref="ConntrackSummary.IsBeingRead"/>).
    /// </summary>
    public bool MayLeaveTable { get; init; }

    /// <summary>Percent of one core of which dumps of sockets may take half; null to read all sockets, whatever that costs.</summary>
    public double? SocketBudgetPercent { get; init; }

    public static ScanRequest Full { get; } = new(true);
}
