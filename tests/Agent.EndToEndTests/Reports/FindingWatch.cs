using Agent.EndToEndTests.Node;
using Xunit;

namespace Agent.EndToEndTests.Reports;

/// <summary>What a running agent says, scan after scan.</summary>
public sealed class FindingWatch : IAsyncDisposable
{
    private static readonly string[] s_ranks = ["", "info", "warning", "critical"];
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_patience = ScanInterval.Patience(TimeSpan.FromSeconds(60));

    private readonly NodeAgent _agent;
    private readonly List<NodeReport> _reports = [];
    private readonly CancellationTokenSource _end = new();
    private readonly Task _loop;

    /// <summary>Begins to ask an agent that is ready.</summary>
    public FindingWatch(NodeAgent agent)
    {
        _agent = agent;
        _loop = Task.Run(LoopAsync);
    }

    /// <summary>The reports so far, one for each scan that was seen.</summary>
    public IReadOnlyList<NodeReport> Reports
    {
        get
        {
            lock (_reports)
            {
                return [.. _reports];
            }
        }
    }

    /// <summary>Waits for a report of which something is true, and gives it.</summary>
    public async Task<NodeReport> UntilAsync(string what, Func<NodeReport, bool> condition)
    {
        await Eventually.TrueAsync(
            what,
            () => _loop.IsCompleted ? throw new InvalidOperationException("the agent is gone", _loop.Exception) : Task.FromResult(Reports is [.., var last] && condition(last)),
            s_patience);
        return Reports.Last(condition);
    }

    /// <summary>Waits until the agent has scanned so many times more.</summary>
    public Task MoreAsync(int scans)
    {
        var goal = Reports.Count + scans;
        return UntilAsync($"{scans} more scans", _ => Reports.Count >= goal);
    }

    /// <summary>While things only got worse: what appeared stayed, and no severity stepped down. What was only ever info does not count: totals since boot are told once.</summary>
    public void AssertSteady()
    {
        var reports = Reports;
        foreach (var key in reports.SelectMany(report => report.Findings).Where(finding => finding.Severity != "info").Select(Key).Distinct())
        {
            var ranks = reports.Select(report => Array.IndexOf(s_ranks, report.Findings.SingleOrDefault(finding => Key(finding) == key)?.Severity ?? "")).ToArray();
            Assert.True(ranks.SequenceEqual(ranks.Order()), $"{key} flaps: {string.Join(' ', ranks.Select(rank => s_ranks[rank] is { Length: > 0 } severity ? severity : "-"))}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _loop;
        _end.Dispose();
    }

    private static string Key(ReportedFinding finding) => $"{finding.Id} {finding.Namespace}/{finding.Name}";

    private async Task LoopAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            var report = await _agent.ReportAsync();
            lock (_reports)
            {
                if (_reports is not [.., var last] || last.TakenAt != report.TakenAt)
                {
                    _reports.Add(report);
                }
            }

            await Task.Delay(s_pause, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
