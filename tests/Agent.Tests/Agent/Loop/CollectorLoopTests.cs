using Agent.Core.Model;
using Agent.Loop;
using Agent.Tests.Agent.Hosting;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Agent.Loop;

public sealed class CollectorLoopTests
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task Loop_EveryInterval_OneScanOnItsOwnThread()
    {
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(scanner);
        await agent.ScannedAsync(scanner, 1);
        agent.Time.Advance(s_interval - TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, scanner.Scans);
        agent.Time.Advance(TimeSpan.FromMilliseconds(1));
        await agent.ScannedAsync(scanner, 2);
        Assert.False(scanner.OnPoolThread);
        Assert.False(scanner.Overlapped);
    }

    [Fact]
    public async Task Loop_AfterEachScan_MemoryIsReturned()
    {
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(scanner);
        await agent.ScannedAsync(scanner, 1);
        Assert.Equal([true], agent.MemoryReturned);
        agent.Time.Advance(s_interval);
        await agent.ScannedAsync(scanner, 2);
        Assert.Equal([true, false], agent.MemoryReturned);
    }

    [Fact]
    public async Task Loop_ScanLongerThanInterval_MissedOnesAreLeftOut()
    {
        using var release = new SemaphoreSlim(0);
        using var scanner = new FakeScanner((_, number, _) =>
        {
            if (number == 1)
            {
                release.Wait(Eventually.Limit, CancellationToken.None);
            }

            return TestSnapshots.Of();
        });
        await using var agent = await TestAgent.StartAsync(scanner);
        await Eventually.True(() => scanner.Scans == 1, "first scan");
        agent.Time.Advance(s_interval * 2.5);
        Assert.Equal(1, scanner.Scans);
        release.Release();
        await agent.ScannedAsync(scanner, 1);
        Assert.Equal(1, scanner.Scans);
        agent.Time.Advance(s_interval / 2);
        await agent.ScannedAsync(scanner, 2);
        Assert.Equal(2, scanner.Scans);
    }

    /// <summary>Whoever asks gets what is known without the table of a big node; the table follows without waiting for the interval.</summary>
    [Fact]
    public async Task Loop_FirstScanLeavesALargeTable_IsServedAndTheNextFollowsAtOnce()
    {
        using var release = new SemaphoreSlim(0);
        using var scanner = new FakeScanner((_, number, _) =>
        {
            if (number == 2)
            {
                release.Wait(Eventually.Limit, CancellationToken.None);
            }

            return TestSnapshots.Of() with { Conntrack = new() { Entries = 300_000, Limit = 400_000, IsBeingRead = number == 1 } };
        });
        await using var agent = await TestAgent.StartAsync(scanner);
        await Eventually.True(() => scanner.Scans == 2, "the scan with the table");
        Assert.Equal(200, (await agent.GetAsync("/metrics")).Status);
        Assert.Contains("still being read", (await agent.GetAsync("/report")).Body, StringComparison.Ordinal);
        Assert.Contains("\"beingRead\":true", (await agent.GetAsync("/report.json")).Body.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);

        release.Release();
        await agent.ScannedAsync(scanner, 2);
        Assert.DoesNotContain("still being read", (await agent.GetAsync("/report")).Body, StringComparison.Ordinal);
        Assert.Equal([(true, true), (true, false)], scanner.Requests.Select(static request => (request.DumpConntrack, request.MayLeaveTable)));
        agent.Time.Advance(s_interval - TimeSpan.FromMilliseconds(1));
        Assert.Equal(2, scanner.Scans);
    }

    [Fact]
    public async Task Loop_ScanThrows_IsLoggedOnceAndSurvived()
    {
        using var scanner = new FakeScanner((_, number, _) => number <= 2 ? throw new InvalidOperationException("the kernel is odd") : TestSnapshots.Of());
        await using var agent = await TestAgent.StartAsync(scanner);
        await Eventually.True(() => scanner.Scans == 1 && agent.Time.Timers >= 2, "first scan");
        Assert.Equal(503, (await agent.GetAsync("/metrics")).Status);
        Assert.Equal(200, (await agent.GetAsync("/healthz")).Status);
        agent.Time.Advance(s_interval);
        await Eventually.True(() => scanner.Scans == 2 && agent.Time.Timers >= 2, "second scan");
        agent.Time.Advance(s_interval);
        await agent.ScannedAsync(scanner, 3);
        Assert.Equal(200, (await agent.GetAsync("/metrics")).Status);
        Assert.Single(agent.Log.Containing("the kernel is odd"));
        Assert.True(scanner.Disposed);
    }

    [Fact]
    public async Task Loop_EveryScanThrows_HealthFailsUntilOneSucceeds()
    {
        using var scanner = new FakeScanner(
            static (_, number, _) => number <= LoopHealth.MaxFailures ? throw new InsufficientMemoryException("no memory left") : TestSnapshots.Of());
        await using var agent = await TestAgent.StartAsync(scanner);
        for (var scan = 1; scan < LoopHealth.MaxFailures; scan++)
        {
            await Eventually.True(() => scanner.Scans == scan && agent.Time.Timers >= 2, $"scan {scan}");
            Assert.Equal(200, (await agent.GetAsync("/healthz")).Status);
            agent.Time.Advance(s_interval);
        }

        await Eventually.True(() => scanner.Scans == LoopHealth.MaxFailures && agent.Time.Timers >= 2, "the last failure");
        var health = await agent.GetAsync("/healthz");
        Assert.Equal(503, health.Status);
        Assert.Contains("the last 5 scans failed: no memory left", health.Body, StringComparison.Ordinal);
        agent.Time.Advance(s_interval);
        await agent.ScannedAsync(scanner, LoopHealth.MaxFailures + 1);
        Assert.Equal(200, (await agent.GetAsync("/healthz")).Status);
    }

    [Fact]
    public async Task Loop_ScanHangs_HttpAnswersAndHealthFails()
    {
        using var release = new SemaphoreSlim(0);
        using var scanner = new FakeScanner((_, number, _) =>
        {
            if (number == 2)
            {
                release.Wait(Eventually.Limit, CancellationToken.None);
            }

            return TestSnapshots.Of();
        });
        await using var agent = await TestAgent.StartAsync(scanner);
        await agent.ScannedAsync(scanner, 1);
        agent.Time.Advance(s_interval);
        await Eventually.True(() => scanner.Scans == 2, "the scan that hangs");
        Assert.Equal(200, (await agent.GetAsync("/metrics")).Status);

        agent.Time.Advance(s_interval * 3);
        Assert.Equal(503, (await agent.GetAsync("/metrics")).Status);
        Assert.Equal(503, (await agent.GetAsync("/readyz")).Status);
        Assert.Equal(200, (await agent.GetAsync("/healthz")).Status);

        agent.Time.Advance(TimeSpan.FromSeconds(60));
        var health = await agent.GetAsync("/healthz");
        Assert.Equal(503, health.Status);
        Assert.Contains("a scan hangs", health.Body, StringComparison.Ordinal);

        // It was only slow: everything comes back by itself.
        release.Release();
        await agent.ScannedAsync(scanner, 2);
        Assert.Equal(200, (await agent.GetAsync("/healthz")).Status);
        Assert.Equal(200, (await agent.GetAsync("/metrics")).Status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stop_MidScan_EndsWithinTwoSeconds(bool heedsCancellation)
    {
        using var release = new SemaphoreSlim(0);
        using var scanner = new FakeScanner((_, _, cancellation) =>
        {
            release.Wait(Eventually.Limit, heedsCancellation ? cancellation : CancellationToken.None);
            return TestSnapshots.Of();
        });
        var agent = await TestAgent.StartAsync(scanner);
        await Eventually.True(() => scanner.Scans == 1, "first scan");
        var patience = TimeSpan.FromSeconds(2);
        Assert.Equal(0, agent.Time.TimersDueWithin(patience));
        var stop = agent.App.StopAsync(CancellationToken.None);
        if (heedsCancellation)
        {
            // The clock stands still: nothing was waited for but the scan.
            await Eventually.True(() => scanner.Disposed, "the end of the scan");
        }
        else
        {
            await Eventually.True(() => agent.Time.TimersDueWithin(patience) == 1, "waiting for the scan");
            agent.Time.Advance(patience);
            await Eventually.True(() => agent.Log.Containing("did not end within").Length == 1, "the end of waiting");
        }

        await stop.WaitAsync(Eventually.Limit, TestContext.Current.CancellationToken);
        Assert.Equal(heedsCancellation, scanner.Disposed);
        Assert.Equal(heedsCancellation ? 0 : 1, agent.Log.Containing("did not end within").Length);
        release.Release();
        await agent.DisposeAsync();
    }

    [Fact]
    public async Task Loop_SourceFailsAndRecovers_EachChangeIsLoggedOnce()
    {
        using var scanner = new FakeScanner((_, number, _) => number is 2 or 3
            ? TestSnapshots.Of().WithSource(SourceNames.Conntrack, "procfs", SourceStatus.Degraded, "netlink was refused: add NET_ADMIN")
            : TestSnapshots.Of());
        await using var agent = await TestAgent.StartAsync(scanner);
        for (var scan = 1; scan <= 5; scan++)
        {
            await agent.ScannedAsync(scanner, scan);
            agent.Time.Advance(s_interval);
        }

        await agent.ScannedAsync(scanner, 6);
        Assert.Single(agent.Log.Containing("netlink was refused"));
        Assert.Single(agent.Log.Containing("is well again"));
    }

    [Fact]
    public async Task Loop_WallClockJumps_NothingChanges()
    {
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(scanner);
        await agent.ScannedAsync(scanner, 1);
        agent.Time.SetWallClock(TimeSpan.FromDays(-400));
        Assert.Equal(200, (await agent.GetAsync("/metrics")).Status);
        agent.Time.SetWallClock(TimeSpan.FromDays(800));
        Assert.Equal(200, (await agent.GetAsync("/metrics")).Status);
        agent.Time.Advance(s_interval);
        await agent.ScannedAsync(scanner, 2);
        Assert.Equal(200, (await agent.GetAsync("/healthz")).Status);
    }

    [Fact]
    public async Task Loop_ExpensiveDumps_AreSpreadByTheBudget()
    {
        // 670 ms at 1 percent of a core: once in 67 s or more, which is every fifth scan of 15 s.
        using var scanner = new FakeScanner(static (request, _, _) => TestSnapshots.Of() with
        {
            Sources = [new(SourceNames.Conntrack, "netlink", SourceStatus.Ok, "", request.DumpConntrack ? TimeSpan.FromMilliseconds(670) : TimeSpan.FromMilliseconds(1), 300_000)],
        });
        await using var agent = await TestAgent.StartAsync(scanner);
        for (var scan = 1; scan <= 20; scan++)
        {
            await agent.ScannedAsync(scanner, scan);
            agent.Time.Advance(s_interval);
        }

        await agent.ScannedAsync(scanner, 21);
        Assert.True(scanner.Requests[0].DumpConntrack);
        Assert.Equal([0, 5, 10, 15, 20], scanner.Requests.Index().Where(static request => request.Item.DumpConntrack).Select(static request => request.Index));
    }
}
