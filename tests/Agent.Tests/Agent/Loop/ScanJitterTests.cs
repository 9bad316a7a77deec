using Agent.Loop;
using Agent.Tests.Agent.Hosting;
using Xunit;

namespace Agent.Tests.Agent.Loop;

public sealed class ScanJitterTests
{
    [Fact]
    public void Next_StaysWithinTheShareAndIsOneOnAverage()
    {
        var jitter = new ScanJitter(new Random(1));
        var intervals = Enumerable.Range(0, 1000).Select(_ => jitter.Next()).ToList();

        Assert.All(intervals, static interval => Assert.InRange(interval, 1 - ScanJitter.Share, 1 + ScanJitter.Share));
        Assert.InRange(intervals.Average(), 0.99, 1.01);
    }

    /// <summary>Traffic with a period that divides the interval: a scan comes in each tenth of its period.</summary>
    [Theory]
    [InlineData(1.0)]
    [InlineData(0.5)]
    [InlineData(0.2)]
    public void Next_PeriodDividesTheInterval_EveryPhaseIsMet(double period)
    {
        var jitter = new ScanJitter(new Random(1));
        var at = 0.0;
        var phases = new HashSet<int>();
        for (var scan = 0; scan < 500; scan++)
        {
            at += jitter.Next();
            phases.Add((int)(at % period / period * 10));
        }

        Assert.Equal(10, phases.Count);
    }

    [Fact]
    public async Task Loop_WaitsAsLongAsTheJitterSays()
    {
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(_ => scanner, null, static () => 0.9, "Collection:Interval=10s");
        await agent.ScannedAsync(scanner, 1);
        agent.Time.Advance(TimeSpan.FromSeconds(8.999));
        Assert.Equal(1, scanner.Scans);
        agent.Time.Advance(TimeSpan.FromMilliseconds(1));
        await agent.ScannedAsync(scanner, 2);

        // What is told is the setting, and a scan is not stale for coming late.
        Assert.Contains("closewatch_scan_interval_seconds 10\n", (await agent.GetAsync("/metrics")).Body, StringComparison.Ordinal);
        agent.Time.Advance(TimeSpan.FromSeconds(8.9));
        Assert.Equal(200, (await agent.GetAsync("/readyz")).Status);
    }
}
