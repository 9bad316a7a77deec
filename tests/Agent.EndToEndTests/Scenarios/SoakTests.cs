using System.Diagnostics;
using System.Globalization;
using Agent.EndToEndTests.Images;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>
/// An agent that runs while pods are made and killed, hostile ones among them, while everything is scraped and the configuration read
/// again. A few seconds here; an hour with CLOSEWATCH_SOAK_SECONDS=3600.
/// </summary>
[Lasts(seconds: 20)]
public sealed class SoakTests(NodePool nodes) : NodeTest(nodes)
{
    private const int HalfClosed = 4;
    private const string LongForm = "CLOSEWATCH_SOAK_SECONDS";
    private const string ConfigurationFile = "/run/soak.json";
    private static readonly TimeSpan s_short = TimeSpan.FromSeconds(8);

    private readonly TimeSpan _duration = Environment.GetEnvironmentVariable(LongForm) is { } text
        ? TimeSpan.FromSeconds(int.Parse(text, CultureInfo.InvariantCulture))
        : s_short;

    private readonly HashSet<string> _made = ["shop/victim", "shop/client", "shop/sink", "shop/come-and-go", "evil/thief"];
    private int _reloads;

    [Fact]
    public async Task Agent_WhilePodsComeAndGo_NeverMisattributesNorGrows()
    {
        var victim = await RunLeakyServerAsync("victim");
        var sink = await RunLeakyServerAsync("sink");
        var client = await RunClientAsync("client");
        var thief = await Node.RunPodAsync(new PodSpec("evil", "thief", new ContainerSpec("app", TestImages.Busybox, "-c", "sleep 7200")));
        await OpenAsync(client, "half-close", victim.Ip, 9000, HalfClosed);
        (await Node.RunInNetworkOfAsync(thief, "ip", "addr", "add", $"{victim.Ip}/32", "dev", "lo")).Checked();
        await ConfigureAsync(0);
        await using var agent = await NodeAgent.StartAsync(Node, [$"config={ConfigurationFile}"]);
        await agent.ReadyAsync();

        var clock = Stopwatch.StartNew();
        Task[] unrest =
        [
            Task.Run(() => UntilEndAsync(clock, () => ReplacePodAsync(sink)), TestContext.Current.CancellationToken),
            Task.Run(() => UntilEndAsync(clock, () => MakeNetworksAsync(thief)), TestContext.Current.CancellationToken),
            Task.Run(() => UntilEndAsync(clock, () => agent.GetAsync("/metrics")), TestContext.Current.CancellationToken),
            Task.Run(() => UntilEndAsync(clock, ReloadAsync), TestContext.Current.CancellationToken),
        ];
        var samples = new List<Sample>();
        do
        {
            Check(await agent.ReportAsync(), victim, client, thief);
            samples.Add(await SampleAsync(agent));
        }
        while (clock.Elapsed < _duration);

        await Task.WhenAll(unrest);
        CheckGrowth(samples);
    }

    private void Check(NodeReport report, Pod victim, Pod client, Pod thief)
    {
        Assert.Equal(HalfClosed, report.ConnectionsOf(victim).Count);
        Assert.Equal(HalfClosed, report.ConnectionsOf(client).Count);
        Assert.Empty(report.ConnectionsOf(thief));
        Assert.All(report.ConnectionsOf(victim), static connection => Assert.Equal("close_wait", connection.Socket.State));
        foreach (var pod in report.Pods.Where(static pod => pod.GetProperty("namespace").GetString()!.Length > 0))
        {
            var name = $"{pod.GetProperty("namespace").GetString()}/{pod.GetProperty("name").GetString()}";
            Assert.Contains(name, _made);
        }

        // Of the twenty that the thief makes at a time, and of those that others make, none takes the place of a pod.
        Assert.Equal(1, report.Pods.Count(pod => pod.GetProperty("name").GetString() == "thief"));
    }

    /// <summary>The first third warms up; after that the end is compared with the middle.</summary>
    private static void CheckGrowth(List<Sample> samples)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"{samples.Count} samples; first {samples[0]}, last {samples[^1]}");
        var third = samples.Count / 3;
        var middle = samples[third..(2 * third + 1)];
        var end = samples[(2 * third)..];
        Assert.True(middle.Count > 0 && end.Count > 0, $"only {samples.Count} samples");
        Assert.InRange(end.Min(static one => one.Descriptors), 0, middle.Max(static one => one.Descriptors) + 10);
        Assert.InRange(end.Min(static one => one.Threads), 0, middle.Max(static one => one.Threads) + 4);
        Assert.InRange(end.Min(static one => one.Series), 0, middle.Max(static one => one.Series) + 100);
        Assert.InRange(end.Min(static one => one.ResidentBytes), 0, middle.Max(static one => one.ResidentBytes) + (16 << 20));
    }

    private async Task UntilEndAsync(Stopwatch clock, Func<Task> work)
    {
        while (clock.Elapsed < _duration)
        {
            await work();
        }
    }

    private async Task ReplacePodAsync(Pod sink)
    {
        var pod = await Node.RunPodAsync(new PodSpec("shop", "come-and-go", new ContainerSpec("app", TestImages.Peer, "pause")));
        await OpenAsync(pod, "half-close", sink.Ip, 9000, 1);
        await Node.RemovePodAsync(pod);
    }

    /// <summary>Networks that are the thief's, and others that are nobody's; their numbers are given again at once.</summary>
    private async Task MakeNetworksAsync(Pod thief)
    {
        var join = $"for file in $(find /sys/fs/cgroup -path '*pod{thief.Uid}*' -name cgroup.procs); do echo $$ >$file; done";
        const string Make = "for i in $(seq 1 20); do unshare -n sleep 1 & done; wait";
        await Task.WhenAll(
            Node.RunAsync("sh", "-c", $"{join}; {Make}"),
            Node.RunAsync("sh", "-c", Make),
            Node.RunAsync("sh", "-c", "for i in $(seq 1 10); do ip netns add soak$i; ip netns delete soak$i; done"));
    }

    private async Task ReloadAsync()
    {
        await ConfigureAsync(++_reloads);
        await Node.RunAsync("sh", "-c", "kill -HUP $(pidof closewatch)");
        await Task.Delay(TimeSpan.FromSeconds(1));
    }

    private Task ConfigureAsync(int number) => File.WriteAllTextAsync(
        Node.Root + ConfigurationFile,
        $$"""{ "Collection": { "Interval": "1s" }, "Diagnosis": { "LeakAge": "{{10 + (number % 5)}}s" } }""");

    private async Task<Sample> SampleAsync(NodeAgent agent)
    {
        var metrics = (await agent.GetAsync("/metrics")).Split('\n');
        var status = (await Node.RunAsync("sh", "-c", "cat /proc/$(pidof closewatch)/status")).Output;
        var threads = status.Split('\n').First(static line => line.StartsWith("Threads:", StringComparison.Ordinal));
        return new(
            Value("process_resident_memory_bytes"),
            Value("process_open_fds"),
            long.Parse(threads["Threads:".Length..], CultureInfo.InvariantCulture),
            metrics.Count(static line => line.Length > 0 && line[0] != '#'));

        long Value(string name) => (long)double.Parse(
            metrics.Single(line => line.StartsWith(name + " ", StringComparison.Ordinal))[(name.Length + 1)..], CultureInfo.InvariantCulture);
    }

    private sealed record Sample(long ResidentBytes, long Descriptors, long Threads, long Series);
}
