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
/// again. A few seconds here; an hour with CLOSEWATCH_SOAK_SECONDS=3600, best of what is published: CLOSEWATCH_PROGRAM.
/// </summary>
[Lasts(seconds: 15)]
public sealed class SoakTests(NodePool nodes) : NodeTest(nodes)
{
    private const int HalfClosed = 4;
    private const string LongForm = "CLOSEWATCH_SOAK_SECONDS";
    private const string ConfigurationFile = "/run/soak.json";
    private static readonly TimeSpan s_short = TimeSpan.FromSeconds(8);

    /// <summary>After so long everything is in use that will be: paths that compile or load something, tables that grow with use.</summary>
    private static readonly TimeSpan s_settled = TimeSpan.FromMinutes(15);

    /// <summary>What medians may differ by after that: the collector runs when it likes.</summary>
    private const long MaxGrowthKilobytes = 2 << 10;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    /// <summary>1 percent of one core (Collection:CpuBudgetPercent) of the 15 s from one scan to the next.</summary>
    private static readonly TimeSpan s_scanBudget = TimeSpan.FromMilliseconds(150);

    private readonly TimeSpan _duration = Environment.GetEnvironmentVariable(LongForm) is { } text
        ? TimeSpan.FromSeconds(int.Parse(text, CultureInfo.InvariantCulture))
        : s_short;

    private readonly HashSet<string> _made = ["shop/victim", "shop/client", "shop/sink", "shop/come-and-go", "evil/thief"];
    private int _reloads;

    /// <summary>Between two of the same kind: the long form shall leave something of the machine to others.</summary>
    private TimeSpan Pause => TimeSpan.FromSeconds(Math.Min(1, _duration.TotalSeconds / 1000));

    [Fact]
    public async Task Agent_WhilePodsComeAndGo_NeverMisattributesNorGrows()
    {
        var victim = await RunLeakyServerAsync("victim");
        var sink = await Node.RunPodAsync(
            new PodSpec("shop", "sink", new ContainerSpec("app", TestImages.Peer, "serve", "0.0.0.0", "9000", "0")));
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
            Task.Run(() => UntilEndAsync(clock, () => AskAsync(agent, "/metrics")), TestContext.Current.CancellationToken),
            Task.Run(() => UntilEndAsync(clock, ReloadAsync), TestContext.Current.CancellationToken),
        ];
        var samples = new List<Sample>();
        do
        {
            Check(new NodeReport(await AskAsync(agent, "/report.json")), victim, client, thief);
            samples.Add(await SampleAsync(agent, clock.Elapsed));
            await Task.Delay(Pause, TestContext.Current.CancellationToken);
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

    /// <summary>The first third warms up; after that the end is compared with the middle. What is constant must not grow at all.</summary>
    private static void CheckGrowth(List<Sample> samples)
    {
        var step = Math.Max(1, samples.Count / 30);
        for (var i = 0; i < samples.Count; i += step)
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"{samples[i]}");
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{samples.Count} samples; last {samples[^1]}");
        var third = samples.Count / 3;
        var middle = samples[third..(2 * third + 1)];
        var end = samples[(2 * third)..];
        Assert.True(middle.Count > 0 && end.Count > 0, $"only {samples.Count} samples");
        Assert.InRange(end.Min(static one => one.Descriptors), 0, middle.Max(static one => one.Descriptors) + 10);
        Assert.InRange(end.Min(static one => one.Threads), 0, middle.Max(static one => one.Threads) + 4);
        Assert.InRange(end.Min(static one => one.Series), 0, middle.Max(static one => one.Series) + 100);
        Assert.InRange(end.Min(static one => one.AnonymousKilobytes), 0, middle.Max(static one => one.AnonymousKilobytes) + (8 << 10));
        CheckFlat(samples);
        CheckBudget(samples[third..]);
    }

    /// <summary>The long form: of what follows the beginning, the last third is no larger than the first.</summary>
    private static void CheckFlat(List<Sample> samples)
    {
        var settled = samples.SkipWhile(static sample => sample.Second < s_settled.TotalSeconds).ToList();
        if (settled.Count >= 30)
        {
            var third = settled.Count / 3;
            Assert.InRange(Median(settled[^third..]), 0, Median(settled[..third]) + MaxGrowthKilobytes);
        }

        static long Median(List<Sample> some) => some.Select(static sample => sample.AnonymousKilobytes).Order().ElementAt(some.Count / 2);
    }

    /// <summary>By processor time, which is the same whatever else the machine does; the kernel counts it in hundredths of a second.</summary>
    private static void CheckBudget(List<Sample> samples)
    {
        const int ScansTogether = 10;
        var first = samples[0];
        foreach (var sample in samples)
        {
            var scans = sample.Scans - first.Scans;
            if (scans >= ScansTogether || (sample == samples[^1] && scans > 0))
            {
                Assert.InRange((sample.ScanTime - first.ScanTime) / scans, TimeSpan.Zero, s_scanBudget);
                first = sample;
            }
        }
    }

    /// <summary>On a machine that has no time for a second's scan in three seconds, the agent says rightly that it has no fresh snapshot.</summary>
    private static async Task<string> AskAsync(NodeAgent agent, string path)
    {
        var answer = "";
        await Eventually.TrueAsync($"{path} is answered", async () => (answer = await agent.TryGetAsync(path) ?? "").Length > 0, s_patience);
        return answer;
    }

    private async Task UntilEndAsync(Stopwatch clock, Func<Task> work)
    {
        while (clock.Elapsed < _duration)
        {
            await work();
            await Task.Delay(Pause, TestContext.Current.CancellationToken);
        }
    }

    private async Task ReplacePodAsync(Pod sink)
    {
        var pod = await Node.RunPodAsync(new PodSpec("shop", "come-and-go", new ContainerSpec("app", TestImages.Peer, "pause")));
        await OpenAsync(pod, "hold", sink.Ip, 9000, 1);
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

    private async Task<Sample> SampleAsync(NodeAgent agent, TimeSpan elapsed)
    {
        var metrics = (await AskAsync(agent, "/metrics")).Split('\n');
        // The threads that scan: utime and stime are the 14th and 15th word of a line whose second one may hold blanks.
        // Another thread may end between the listing and the reading, which grep calls a failure.
        var times = await Node.RunAsync("sh", "-c", "cd /proc/$(pidof closewatch)/task; grep -hsE '\\((scan|namespaces)\\)' */stat");
        var ticks = times.Lines.Sum(static line => line[line.LastIndexOf(')')..].Split(' ') is var words
            ? long.Parse(words[12], CultureInfo.InvariantCulture) + long.Parse(words[13], CultureInfo.InvariantCulture)
            : 0);
        var status = (await Node.RunAsync("sh", "-c", "cat /proc/$(pidof closewatch)/status")).Checked().Lines;
        return new(
            (int)elapsed.TotalSeconds,
            Value("process_resident_memory_bytes") >> 10,
            Status("RssAnon:"),
            Value("process_open_fds"),
            Status("Threads:"),
            metrics.Count(static line => line.Length > 0 && line[0] != '#'),
            Value("closewatch_scans_total"),
            TimeSpan.FromMilliseconds(10 * ticks));

        long Value(string name) => (long)double.Parse(
            metrics.Single(line => line.StartsWith(name + " ", StringComparison.Ordinal))[(name.Length + 1)..], CultureInfo.InvariantCulture);

        long Status(string name) => long.Parse(
            status.First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Replace("kB", "", StringComparison.Ordinal),
            CultureInfo.InvariantCulture);
    }

    private sealed record Sample(
        int Second, long ResidentKilobytes, long AnonymousKilobytes, long Descriptors, long Threads, long Series, long Scans, TimeSpan ScanTime);
}
