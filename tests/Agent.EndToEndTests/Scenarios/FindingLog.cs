using System.Collections.Concurrent;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>Every finding that a running agent has shown while it was watched, at its worst and with all evidence that was ever given.</summary>
public sealed class FindingLog : IAsyncDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(string Id, string Name), ReportedFinding> _worst = [];
    private readonly CancellationTokenSource _ends = new();
    private readonly NodeAgent _agent;
    private readonly Task _watch;

    public FindingLog(NodeAgent agent)
    {
        _agent = agent;
        _watch = Task.Run(WatchAsync);
    }

    /// <summary>How often it was asked.</summary>
    public int Reports { get; private set; }

    /// <summary>The newest report.</summary>
    public NodeReport? Last { get; private set; }

    /// <summary>All of them.</summary>
    public IReadOnlyCollection<ReportedFinding> All => [.. _worst.Values];

    /// <summary>Whether it was shown, at least as severe.</summary>
    public bool Has(string id, string name, string severity) => Find(id, name) is { } finding && Rank(finding.Severity) >= Rank(severity);

    /// <summary>Whether it was shown with a line of evidence that begins so.</summary>
    public bool Says(string id, string name, string evidence) => Find(id, name)?.Evidence.Any(line => line.StartsWith(evidence, StringComparison.Ordinal)) ?? false;

    public async ValueTask DisposeAsync()
    {
        await _ends.CancelAsync();
        await _watch;
        _ends.Dispose();
    }

    private static ReportedFinding Worse(ReportedFinding earlier, ReportedFinding later) =>
        (Rank(later.Severity) >= Rank(earlier.Severity) ? later : earlier) with { Evidence = [.. earlier.Evidence.Union(later.Evidence)] };

    private ReportedFinding? Find(string id, string name) =>
        _watch.IsFaulted ? throw new InvalidOperationException("the agent does not answer", _watch.Exception) : _worst.GetValueOrDefault((id, name));

    // The node is shared: what its tracker has counted since boot is what other scenes did.
    private static bool IsOfThePast(ReportedFinding finding) =>
        finding.Severity == "info" && finding.Evidence.Any(static line => line.Contains("since boot", StringComparison.OrdinalIgnoreCase));

    private static int Rank(string severity) => severity switch { "critical" => 2, "warning" => 1, _ => 0 };

    private async Task WatchAsync()
    {
        while (!_ends.IsCancellationRequested)
        {
            Last = await _agent.ReportAsync();
            Reports++;
            foreach (var finding in Last.Findings.Where(finding => !IsOfThePast(finding)))
            {
                _worst.AddOrUpdate((finding.Id, finding.Name), finding, (_, worst) => Worse(worst, finding));
            }

            await Task.Delay(s_interval, _ends.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
