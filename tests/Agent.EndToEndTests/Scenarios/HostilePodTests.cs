using Agent.EndToEndTests.Images;
using Agent.EndToEndTests.Kubernetes;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>Whatever a pod does to be taken for another, or for nobody: every socket is its own pod's.</summary>
[Lasts(seconds: 25)]
public sealed class HostilePodTests(NodePool nodes) : NodeTest(nodes)
{
    private const int HalfClosed = 3;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ConfigHash_OfAnothersUid_TakesNothing(bool asMirror)
    {
        var victim = await RunLeakyServerAsync("victim");
        var client = await RunClientAsync("client");
        var thief = await RunThiefAsync();
        await OpenAsync(client, "half-close", victim.Ip, 9000, HalfClosed);
        await using var api = await NodeApi.StartAsync(Node, new Dictionary<string, int>());
        api.Apply(new PodState(victim));
        api.Apply(new PodState(client));
        var claims = new Dictionary<string, string> { ["kubernetes.io/config.hash"] = victim.Uid };
        if (asMirror)
        {
            claims["kubernetes.io/config.mirror"] = victim.Uid;
        }

        api.Apply(new PodState(thief) { Annotations = claims });
        var report = await ReportWithApiAsync(api);

        await ReportAssert.SocketsAsKernelShowsAsync(Node, report, victim, client, thief);
        Assert.Equal(HalfClosed, report.ConnectionsOf(victim).Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task NetworkMadeByAPod_OlderNumber_IsOneMoreOfItsOwn(bool withApi)
    {
        // The kernel gives the lowest free number: what is freed after the pod began is lower than the pod's. Many, and with patience:
        // other tests take them as well, and a namespace is taken apart some time after its name is gone.
        string[] earlier = [.. Enumerable.Range(1, 16).Select(static number => $"free-{number}")];
        foreach (var name in earlier)
        {
            (await Node.RunAsync("ip", "netns", "add", name)).Checked();
        }

        var server = await RunLeakyServerAsync("browser");
        var client = await RunClientAsync("client");
        await OpenAsync(client, "half-close", server.Ip, 9000, HalfClosed);
        foreach (var name in earlier)
        {
            (await Node.RunAsync("ip", "netns", "delete", name)).Checked();
        }

        var own = await NamespaceOfAsync($"{server.Pid}");
        var nested = 0;
        await Eventually.TrueAsync("a network made in the pod has a lower number", async () =>
        {
            nested = await StartInPodAsync(server, "unshare", "-n");
            return await NamespaceOfAsync($"{nested}") < own;
        }, TimeSpan.FromSeconds(30));
        var report = withApi ? await ReportWithApiAsync(server, client) : await Node.ReportAsync();
        await ReportAssert.SocketsAsKernelShowsAsync(Node, report, server, client);
        Assert.Equal(HalfClosed, report.ConnectionsOf(server).Count);
        Assert.Equal(own, report.Pod(server).GetProperty("netns").GetInt64());
        Assert.DoesNotContain(report.Pods, static pod => pod.GetProperty("name").GetString()!.StartsWith("netns:", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ProcessOfAPodInTheNodesNetwork_ThePodKeepsItsOwn(bool withApi)
    {
        var server = await RunLeakyServerAsync("busy");
        var client = await RunClientAsync("client");
        await OpenAsync(client, "half-close", server.Ip, 9000, HalfClosed);
        await StartInPodAsync(server);

        var report = withApi ? await ReportWithApiAsync(server, client) : await Node.ReportAsync();
        await ReportAssert.SocketsAsKernelShowsAsync(Node, report, server, client);
        Assert.False(report.Pod(server).TryGetProperty("hostNetwork", out var shared) && shared.GetBoolean());
        Assert.Equal(HalfClosed, report.ConnectionsOf(server).Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AddressOfAnother_OnItsLoopback_TakesNoEntriesAndIsShown(bool withApi)
    {
        var victim = await RunLeakyServerAsync("victim");
        var client = await RunClientAsync("client");
        var thief = await RunThiefAsync();
        await OpenAsync(client, "half-close", victim.Ip, 9000, HalfClosed);
        (await Node.RunInNetworkOfAsync(thief, "ip", "addr", "add", $"{victim.Ip}/32", "dev", "lo")).Checked();

        var report = withApi ? await ReportWithApiAsync(victim, client, thief) : await Node.ReportAsync();
        await ReportAssert.SocketsAsKernelShowsAsync(Node, report, victim, client, thief);
        await ReportAssert.FlowsAsKernelShowsAsync(Node, report, victim, client, thief);
        var pods = report.Source("pods");
        Assert.Equal("degraded", pods.GetProperty("status").GetString());
        Assert.Contains(
            $"{victim.Ip} is counted for shop/victim, and evil/thief has it too", pods.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private Task<Pod> RunThiefAsync() =>
        Node.RunPodAsync(new PodSpec("evil", "thief", new ContainerSpec("app", TestImages.Busybox, "-c", "sleep 3600")));

    /// <summary>Starts a process that belongs to a pod by its cgroups, from the node's namespaces, and says its process id.</summary>
    private async Task<int> StartInPodAsync(Pod pod, params IReadOnlyList<string> by)
    {
        var join = $"for file in $(find /sys/fs/cgroup -path '*pod{pod.Uid}*' -name cgroup.procs); do echo $$ >$file; done";
        var started = await Node.RunAsync("sh", "-c", $"{join}; {string.Join(' ', by)} sleep 600 >/dev/null 2>&1 & echo $!");
        return int.Parse(started.Checked().Output, System.Globalization.CultureInfo.InvariantCulture);
    }

    private async Task<long> NamespaceOfAsync(string process)
    {
        var link = (await Node.RunAsync("readlink", $"/proc/{process}/ns/net")).Checked().Output; // net:[4026532008]
        return long.Parse(link.Trim()["net:[".Length..^1], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>The same, where the API server tells the truth about these pods.</summary>
    private async Task<NodeReport> ReportWithApiAsync(params IReadOnlyList<Pod> pods)
    {
        await using var api = await NodeApi.StartAsync(Node, new Dictionary<string, int>());
        foreach (var pod in pods)
        {
            api.Apply(new PodState(pod));
        }

        return await ReportWithApiAsync(api);
    }

    /// <summary>What an agent that follows the API server shows.</summary>
    private async Task<NodeReport> ReportWithApiAsync(NodeApi api)
    {
        await using var agent = await NodeAgent.StartAsync(Node, api.Environment, "Collection:Interval=1s", "Pods:Source=kubernetes");
        await agent.ReadyAsync();
        NodeReport report = null!;
        await Eventually.TrueAsync("the agent follows the API server", async () =>
        {
            report = await agent.ReportAsync();
            return report.Source("kubernetes").GetProperty("status").GetString() == "ok";
        });
        return report;
    }
}
