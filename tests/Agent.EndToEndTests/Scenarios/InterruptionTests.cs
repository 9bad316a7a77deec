using System.Globalization;
using System.Text.RegularExpressions;
using Agent.EndToEndTests.Images;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>The agent, or what runs the pods, is ended without a warning and starts again.</summary>
public sealed partial class InterruptionTests(NodePool nodes) : NodeTest(nodes)
{
    private const string Service = "10.96.0.52";
    private const int Short = 30;
    private const int Held = 3;

    /// <summary>What it wrote is not written twice, what was there before is known after the restart, and no connection is counted again.</summary>
    [Fact]
    public async Task Agent_KilledForWantOfMemory_CountsNothingTwiceAndForgetsNothingKept()
    {
        var leaky = await RunLeakyServerAsync("leaky");
        var prompt = await Node.RunPodAsync(new PodSpec("shop", "prompt", new ContainerSpec("app", TestImages.Peer, "serve", "0.0.0.0", "9000", "0")));
        var client = await RunClientAsync("client");
        await Node.AddServiceAsync(Service, 80, leaky, 9000, masquerade: true);
        await Node.SetAsync(Sysctls.CloseWaitTimeout, Short);
        string[] settings =
        [
            "Collection:Interval=1s", "Remediation:Mode=apply", "Remediation:Scope=host", "Remediation:RestoreOnExit=true",
            $"Remediation:StateDirectory=/run/node/state-{Guid.NewGuid():N}",
        ];
        await using (var group = await MemoryGroup.CreateAsync(Node))
        {
            await using var killed = await NodeAgent.StartAsync(Node, group.Enter, new Dictionary<string, string>(), settings);
            await killed.ReadyAsync();
            await Eventually.TrueAsync("the setting is written", async () => await CloseWaitAsync() == 3600, TimeSpan.FromSeconds(30));
            await OpenAsync(client, "half-close", Service, 80, Held);
            await AskAsync(client, prompt, times: 5);
            await Eventually.TrueAsync("five ends are counted", async () => await EndsAsync(killed, prompt) == 5, TimeSpan.FromSeconds(30));

            await group.RunOutAsync();

            Assert.Equal(128 + 9, await killed.EndAsync());
            Assert.InRange(await group.KillsAsync(), 1, 2);
        }

        await using var agent = await NodeAgent.StartAsync(Node, settings);
        await agent.ReadyAsync();
        await AskAsync(client, prompt, times: 2);
        await Eventually.TrueAsync("two ends are counted", async () => await EndsAsync(agent, prompt) == 2, TimeSpan.FromSeconds(30));
        await using (var watch = new FindingWatch(agent))
        {
            await watch.MoreAsync(3);
            Assert.All(watch.Reports, static report => FindingScore.AssertNothing(report.AboveInfo));
            Assert.Equal(Held, ReportAssert.Number(watch.Reports[^1].HalfClosed(leaky).GetProperty("sockets"), "closeWait"));
        }

        Assert.Equal(2, await EndsAsync(agent, prompt));
        Assert.Equal(0, Sum(await agent.GetAsync("/metrics"), "closewatch_remediation_writes_total"));
        Assert.Equal(0, await agent.StopAsync());
        Assert.Equal(Short, await CloseWaitAsync());
    }

    /// <summary>Pods run on without it, and keep their names and their numbers.</summary>
    [Fact]
    public async Task Containerd_KilledAndStartedAgain_PodsStayWhoTheyAre()
    {
        var server = await RunLeakyServerAsync("server");
        var client = await RunClientAsync("client");
        await OpenAsync(client, "half-close", server.Ip, 9000, Held);
        await using var agent = await StartAgentAsync();
        await using var watch = new FindingWatch(agent);
        await watch.UntilAsync("the connections are seen", report => IsAsBefore(report, server, client));
        var before = watch.Reports.Count - 1;

        (await Node.RunAsync("pkill", "-KILL", "-x", "containerd")).Checked();
        await watch.MoreAsync(2);
        Assert.False(await Node.Runtime.IsReadyAsync(TestContext.Current.CancellationToken));
        await Node.StartContainerdAsync();
        var late = await RunLeakyServerAsync("late");
        await OpenAsync(client, "half-close", late.Ip, 9000, 1);
        await watch.UntilAsync("the new pod is known", report => report.Pods.Any(pod => pod.GetProperty("name").GetString() == "late" && CloseWait(pod) == 1));

        Assert.All(watch.Reports.Skip(before), report =>
        {
            FindingScore.AssertNothing(report.AboveInfo);
            Assert.True(IsAsBefore(report, server, client));
            Assert.All(report.Pods, pod => Assert.False(pod.GetProperty("name").GetString()!.StartsWith("container:", StringComparison.Ordinal)));
        });
    }

    private static bool IsAsBefore(NodeReport report, Pod server, Pod client) =>
        report.Pods.Any(pod => pod.GetProperty("uid").GetString() == server.Spec.Uid && CloseWait(pod) == Held)
        && report.Pods.Any(pod => pod.GetProperty("uid").GetString() == client.Spec.Uid);

    private static int CloseWait(System.Text.Json.JsonElement pod) => ReportAssert.Number(pod.GetProperty("halfClosed").GetProperty("sockets"), "closeWait");

    /// <summary>Connections that the client closes first, one after the other.</summary>
    private async Task AskAsync(Pod client, Pod server, int times)
    {
        for (var count = 0; count < times; count++)
        {
            (await Node.ExecAsync(client, "app", "/bin/peer", "ask", server.Ip, "9000", "20")).Checked();
        }
    }

    private static async Task<double> EndsAsync(NodeAgent agent, Pod pod) =>
        Sum(await agent.GetAsync("/metrics"), $"closewatch_pod_connections_ended_total{{namespace=\"{pod.Namespace}\",pod=\"{pod.Spec.Name}\",role=\"server\"");

    private static double Sum(string metrics, string start) => SampleLine().Matches(metrics)
        .Where(sample => sample.Value.StartsWith(start, StringComparison.Ordinal))
        .Sum(static sample => double.Parse(sample.Groups[1].ValueSpan, CultureInfo.InvariantCulture));

    private async Task<int> CloseWaitAsync() =>
        int.Parse((await Node.RunAsync("cat", "/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_close_wait")).Checked().Output, CultureInfo.InvariantCulture);

    [GeneratedRegex("^[a-z].* ([0-9.e+]+)$", RegexOptions.Multiline)]
    private static partial Regex SampleLine();
}
