using System.Globalization;
using System.Text.RegularExpressions;
using Agent.EndToEndTests.Images;
using Agent.EndToEndTests.Kernel;
using Agent.EndToEndTests.Kubernetes;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>A server that is too busy to accept, while clients keep coming.</summary>
[Lasts(seconds: 15)]
public sealed partial class ListenQueueTests(NodePool nodes) : NodeTest(nodes)
{
    private const int Backlog = 4;

    [Fact]
    public async Task FullAcceptQueue_IsNamedWithPortNumbersAndTheProbeThatFailsNext()
    {
        await using var api = await NodeApi.StartAsync(Node, new Dictionary<string, int>());
        var busy = await Node.RunPodAsync(new PodSpec("shop", "busy", new ContainerSpec("app", TestImages.Peer, "busy", "0.0.0.0", "9000", $"{Backlog}")));
        api.Apply(new PodState(busy));
        await Node.RunPodAsync(new PodSpec("shop", "crowd", new ContainerSpec("app", TestImages.Peer, "crowd", busy.Ip, "9000")));
        await Eventually.TrueAsync("clients are turned away", async () => (await Node.GetCountersAsync(busy))["TcpExtListenOverflows"] > 0);
        await using var agent = await StartAgentAsync();
        await using var watch = new FindingWatch(agent);

        var alone = await Node.ReportAsync();
        var before = await Node.GetCountersAsync(busy);
        var report = await Node.ReportAsync(api, "--window", "1s");
        var after = await Node.GetCountersAsync(busy);

        FindingScore.AssertAre(["warning listen-queue-overflow shop/busy"], alone.AboveInfo);
        string[] expected = ["critical listen-queue-overflow shop/busy"];
        FindingScore.AssertAre(expected, report.AboveInfo);
        var listener = (await Node.GetQueuesAsync(busy)).Single(queue => queue.Socket.State == "listen");
        Assert.Equal((Backlog + 1, Backlog), (listener.Receive, listener.Send)); // the kernel lets one more in
        var finding = report.Finding("listen-queue-overflow", "busy");
        Assert.Contains($"{Backlog + 1} connections wait at port 9000, which holds {Backlog}", finding.Title, StringComparison.Ordinal);
        Assert.Contains(finding.Evidence, line => line.StartsWith($"Port 9000: accept queue {Backlog + 1} of {Backlog}", StringComparison.Ordinal));
        var rise = RoseBy().Match(finding.Evidence[0]);
        Assert.InRange(
            long.Parse(rise.Groups[1].Value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture),
            1,
            after["TcpExtListenOverflows"] - before["TcpExtListenOverflows"]);
        Assert.Contains(finding.Evidence, line => line.StartsWith("The readiness probe of container app (", StringComparison.Ordinal) && line.Contains("port 9000", StringComparison.Ordinal));
        await watch.MoreAsync(8);
        FindingScore.AssertAre(expected, watch.Reports[^1].AboveInfo);
        watch.AssertSteady();
    }

    [GeneratedRegex("ListenOverflows rose by ([0-9,]+)")]
    private static partial Regex RoseBy();
}
