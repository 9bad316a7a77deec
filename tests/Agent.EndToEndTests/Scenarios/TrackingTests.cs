using System.Diagnostics;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>What the tracker is about to forget, and what it has forgotten.</summary>
public sealed class TrackingTests(NodePool nodes) : NodeTest(nodes)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ShortTimeout_WhileAndAfter_IsExpiringThenUntracked(bool throughService)
    {
        await Node.SetAsync(Sysctls.CloseWaitTimeout, 3);
        var server = await RunLeakyServerAsync("leaky");
        var client = await RunClientAsync("client");
        if (throughService)
        {
            await Node.AddServiceAsync("10.96.0.50", 80, server, 9000);
        }

        await OpenAsync(client, "hold", server.Ip, 9000, 1);
        var halfClosed = Stopwatch.StartNew();
        await OpenAsync(client, "half-close", throughService ? "10.96.0.50" : server.Ip, throughService ? 80 : 9000, 2);

        var before = await Node.ReportAsync();
        // Judged only if the machine was fast enough for there to be something to see.
        if (halfClosed.Elapsed < TimeSpan.FromSeconds(2.5))
        {
            Assert.Equal((2, 0), Tracking(before, server));
            Assert.Equal((2, 0), Tracking(before, client));
        }

        await Eventually.TrueAsync("conntrack has forgotten the half-closed connections", async () =>
            !(await Kernel.KernelView.GetFlowsAsync(Node)).Any(flow => flow.IsHalfClosed));
        var after = await Node.ReportAsync();

        await ReportAssert.SocketsAsKernelShowsAsync(Node, after, server, client);
        Assert.Equal((0, 2), Tracking(after, server));
        Assert.Equal((0, 2), Tracking(after, client));
        // Two routed pods lose nothing: what is not translated is picked up again at its next packet.
        // A single report may not know what was translated; then it says that, and nothing of a loss.
        var lost = after.Findings.Where(static finding => finding.Title.EndsWith("what they send next is lost", StringComparison.Ordinal)).Select(static finding => finding.Title);
        Assert.True(throughService == lost.Any(), string.Join('\n', lost.Concat(after.Connections.Select(static connection => connection.GetRawText()))));
        Assert.Equal(throughService, after.AboveInfo.Any());
        Assert.All(
            after.Connections.Where(connection => connection.GetProperty("tracking").GetString() == "untracked"),
            connection => Assert.Equal(throughService, connection.GetProperty("translated").GetBoolean()));
    }

    private static (int Expiring, int Untracked) Tracking(NodeReport report, Pod pod) =>
        (ReportAssert.Number(report.HalfClosed(pod), "expiring"), ReportAssert.Number(report.HalfClosed(pod), "untracked"));
}
