using System.Collections.Concurrent;
using Agent.Configuration;
using Agent.Core.Model;
using Agent.Tests.Agent.Hosting;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Agent.Configuration;

public sealed class ConfigurationReloadTests
{
    [Fact]
    public async Task File_Changes_NewIntervalIsInForceAtOnce()
    {
        using var directory = new TemporaryDirectory();
        var file = directory.Write("closewatch.json", """{ "Collection": { "Interval": "1h" } }""");
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(_ => scanner, file);
        await agent.ScannedAsync(scanner, 1);
        directory.Write("closewatch.json", """{ "Collection": { "Interval": "10s" } }""");
        agent.Time.Advance(FileReloader.Period);
        await Eventually.True(() => agent.Log.Containing("has changed and is in force").Length == 1, "the change to be noticed");
        await Eventually.True(
            () =>
            {
                agent.Time.Advance(TimeSpan.FromSeconds(1));
                return scanner.Scans >= 2;
            },
            "a scan long before the old interval ends");
    }

    [Fact]
    public async Task File_BadInTwoPlaces_IsRefusedWithBothErrorsOnce()
    {
        using var directory = new TemporaryDirectory();
        var file = directory.Write("closewatch.json", """{ "Collection": { "Interval": "20s" } }""");
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(_ => scanner, file);
        await agent.ScannedAsync(scanner, 1);
        directory.Write("closewatch.json", """{ "Collection": { "Interval": "soon", "Conntrak": "auto" } }""");
        agent.Reload();
        agent.Reload();
        var refused = Assert.Single(agent.Log.Containing("the old one stays in force"));
        Assert.Contains("Collection:Interval", refused, StringComparison.Ordinal);
        Assert.Contains("Collection:Conntrak", refused, StringComparison.Ordinal);
        agent.Time.Advance(TimeSpan.FromSeconds(20));
        await agent.ScannedAsync(scanner, 2);
        Assert.Contains("closewatch_scan_interval_seconds 20", (await agent.GetAsync("/metrics")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_Gone_OldConfigurationStays()
    {
        using var directory = new TemporaryDirectory();
        var file = directory.Write("closewatch.json", """{ "Collection": { "Interval": "20s" } }""");
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(_ => scanner, file);
        await agent.ScannedAsync(scanner, 1);
        File.Delete(file);
        agent.Reload();
        Assert.Single(agent.Log.Containing("the old one stays in force"));
    }

    [Fact]
    public async Task File_ChangesWhatIsRead_NewScannerIsMadeAndOldOneEnds()
    {
        using var directory = new TemporaryDirectory();
        var file = directory.Write("closewatch.json", """{ "Metrics": { "MaxPods": 10 } }""");
        var made = new ConcurrentQueue<(AgentOptions Options, FakeScanner Scanner)>();
        await using var agent = await TestAgent.StartAsync(
            options =>
            {
                var scanner = new FakeScanner();
                made.Enqueue((options, scanner));
                return scanner;
            },
            file);
        await Eventually.True(() => agent.Store.Current is not null && agent.Time.Timers >= 2, "first scan");

        directory.Write("closewatch.json", """{ "Metrics": { "MaxPods": 20 } }""");
        await agent.ReloadChangeAsync();
        agent.Time.Advance(TimeSpan.FromSeconds(15));
        await Eventually.True(() => agent.Store.Current!.Options.Metrics.MaxPods == 20 && agent.Time.Timers >= 2, "second scan");
        Assert.Single(made);

        directory.Write("closewatch.json", """{ "Collection": { "Conntrack": "procfs" } }""");
        await agent.ReloadChangeAsync();
        agent.Time.Advance(TimeSpan.FromSeconds(15));
        await Eventually.True(() => made.Count == 2, "a new scanner");
        Assert.True(made.First().Scanner.Disposed);
        Assert.Equal(BackendChoice.ProcFs, made.Last().Options.Collection.Conntrack);
    }

    [Fact]
    public async Task File_ChangesAThreshold_TheNextVerdictDiffersAndNothingIsForgotten()
    {
        using var directory = new TemporaryDirectory();
        var file = directory.Write("closewatch.json", """{ "Diagnosis": { "LeakAge": "1h" } }""");
        var ages = new DurationCounts([new((ushort)DurationCounts.StepOf(90), 7)]);
        var snapshot = TestSnapshots.Of(TestSnapshots.Pod("a") with { HalfClosed = new() { CloseWaitSockets = 7, CloseWaitAges = ages } });
        var made = new ConcurrentQueue<FakeScanner>();
        await using var agent = await TestAgent.StartAsync(
            _ =>
            {
                var scanner = new FakeScanner((_, _, _) => snapshot);
                made.Enqueue(scanner);
                return scanner;
            },
            file);
        await Eventually.True(() => agent.Store.Current is not null && agent.Time.Timers >= 2, "first scan");
        Assert.Equal(0, Leaked(agent));

        directory.Write("closewatch.json", """{ "Diagnosis": { "LeakAge": "30s" } }""");
        await agent.ReloadChangeAsync();
        agent.Time.Advance(TimeSpan.FromSeconds(15));
        await agent.ScannedAsync(made.Single(), 2);
        await Eventually.True(() => Leaked(agent) == 7, "the verdict by the new threshold");
        Assert.Single(made);
        Assert.False(made.Single().Disposed);
    }

    [Fact]
    public async Task File_ChangesListen_SaysThatARestartIsNeeded()
    {
        using var directory = new TemporaryDirectory();
        var file = directory.Write("closewatch.json", "{}");
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(_ => scanner, file);
        directory.Write("closewatch.json", """{ "Http": { "BearerTokenFile": "/etc/hostname" } }""");
        agent.Reload();
        Assert.Single(agent.Log.Containing("only after a restart"));
        Assert.Equal(200, (await agent.GetAsync("/healthz")).Status);
    }

    private static long Leaked(TestAgent agent) => agent.Store.Current!.Snapshot.Pods[0].HalfClosed.LeakedCloseWaitSockets;
}
