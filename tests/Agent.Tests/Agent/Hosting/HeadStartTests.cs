using Agent.Core.Diagnosis;
using Agent.Hosting;
using Agent.Kubernetes;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Agent.Hosting;

public class HeadStartTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void CreateScanner_SameSettings_WhatHasBegunIsTheFirstScan()
    {
        var first = TestSnapshots.Of();
        using var scanned = new ManualResetEventSlim();
        var scanner = new FakeScanner((_, number, _) =>
        {
            scanned.Set();
            return number == 1 ? first : TestSnapshots.Of();
        });
        var settings = Settings(scanner);

        var headStart = HeadStart.Begin(settings);
        Assert.True(scanned.Wait(s_patience, TestContext.Current.CancellationToken));
        var begun = headStart.CreateScanner(settings.Configuration.Options, null);

        Assert.Same(first, begun.Scan(new(true), CancellationToken.None));
        Assert.Equal(1, scanner.Scans);
        var request = Assert.Single(scanner.Requests);
        Assert.Same(headStart.Ends, request.Ends);
        Assert.True(request.MayLeaveTable);
        Assert.True(request.DumpConntrack);
        Assert.False(scanner.OnPoolThread);

        Assert.NotSame(first, begun.Scan(new(false), CancellationToken.None));
        Assert.False(scanner.Requests[1].DumpConntrack);
        begun.Dispose();
        Assert.True(scanner.Disposed);
    }

    [Fact]
    public void CreateScanner_OtherSettingsMeanwhile_WhatHasBegunIsDropped()
    {
        var scanner = new FakeScanner(static (_, _, cancellationToken) =>
        {
            cancellationToken.WaitHandle.WaitOne(s_patience);
            cancellationToken.ThrowIfCancellationRequested();
            return TestSnapshots.Of();
        });
        var other = new FakeScanner();
        var scanners = new Queue<FakeScanner>([scanner, other]);
        var settings = Settings(scanner) with { CreateScanner = (_, _) => scanners.Dequeue() };

        var headStart = HeadStart.Begin(settings);
        var options = TestAgent.Configure(null, "Collection:Sockets=off").Options;

        Assert.Same(other, headStart.CreateScanner(options, null));
        Assert.True(scanner.Disposed);
    }

    [Fact]
    public void Scan_Cancelled_EndsWhatHasBegun()
    {
        var scanner = new FakeScanner(static (_, _, cancellationToken) =>
        {
            cancellationToken.WaitHandle.WaitOne(s_patience);
            cancellationToken.ThrowIfCancellationRequested();
            return TestSnapshots.Of();
        });
        var settings = Settings(scanner);
        using var begun = HeadStart.Begin(settings).CreateScanner(settings.Configuration.Options, null);

        Assert.ThrowsAny<OperationCanceledException>(() => begun.Scan(new(true), new(canceled: true)));
    }

    [Fact]
    public void Scan_WhatHasBegunFails_SaysSoAndTheNextOneScans()
    {
        var scanner = new FakeScanner(static (_, number, _) =>
            number == 1 ? throw new InvalidOperationException("no /proc") : TestSnapshots.Of());
        var settings = Settings(scanner);
        using var begun = HeadStart.Begin(settings).CreateScanner(settings.Configuration.Options, null);

        Assert.Equal("no /proc", Assert.Throws<InvalidOperationException>(() => begun.Scan(new(true), CancellationToken.None)).Message);
        Assert.NotNull(begun.Scan(new(true), CancellationToken.None));
    }

    [Fact]
    public void Begin_NoScannerCanBeMade_FailsTheFirstScanOnly()
    {
        var scanner = new FakeScanner();
        var tries = 0;
        var settings = Settings(scanner) with
        {
            CreateScanner = (_, _) => ++tries == 1 ? throw new IOException("no descriptor is left") : scanner,
        };

        using var begun = HeadStart.Begin(settings).CreateScanner(settings.Configuration.Options, null);

        Assert.Equal("no descriptor is left", Assert.Throws<IOException>(() => begun.Scan(new(true), CancellationToken.None)).Message);
        Assert.NotNull(begun.Scan(new(true), CancellationToken.None));
    }

    [Fact]
    public void Begin_PodsAreNamedByTheApiServer_WaitsForThem()
    {
        var scanner = new FakeScanner();
        var settings = Settings(scanner) with { Kubernetes = PodWatcherSettings.Disabled("not in a cluster") };

        var headStart = HeadStart.Begin(settings);

        Assert.Same(scanner, headStart.CreateScanner(settings.Configuration.Options, null));
        Assert.Equal(0, scanner.Scans);
    }

    private static AgentHostSettings Settings(FakeScanner scanner) => new()
    {
        Configuration = TestAgent.Configure(null),
        CreateScanner = (_, _) => scanner,
        Diagnose = static (_, alsoFound) => new DiagnosisResult(alsoFound, new(Verdict.Ok, "all is well")),
    };
}
