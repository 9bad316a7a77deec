using Agent.EndToEndTests.Images;
using Agent.EndToEndTests.Kernel;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>Which sockets are half-closed, and which only look like it.</summary>
public sealed class SocketStateTests(NodePool nodes) : NodeTest(nodes)
{
    [Fact]
    public async Task OrphanedFinWait2_OfNoProcess_IsCounted()
    {
        var server = await RunLeakyServerAsync("leaky");
        var client = await RunClientAsync("client");
        await OpenAsync(client, "abandon", server.Ip, 9000, 3);
        await Eventually.TrueAsync("the FINs are acknowledged", async () =>
            (await Node.GetSocketsAsync(client)).Count(socket => socket.State == "fin_wait2") == 3);

        var report = await Node.ReportAsync();

        await ReportAssert.SocketsAsKernelShowsAsync(Node, report, server, client);
        Assert.Equal(3, ReportAssert.Number(report.HalfClosed(client).GetProperty("sockets"), "finWait2"));
    }

    [Fact]
    public async Task TimeWait_AfterBothClosed_IsNotHalfClosed()
    {
        var server = await Node.RunPodAsync(new PodSpec("shop", "tidy", new ContainerSpec("app", TestImages.Peer, "serve", "0.0.0.0", "9000", "0")));
        var client = await RunClientAsync("client");
        await OpenAsync(client, "half-close", server.Ip, 9000, 3);
        await Eventually.TrueAsync("both sides have closed", async () =>
            (await Node.GetSocketsAsync(client)).Count(socket => socket.State == "time_wait") == 3);

        var report = await Node.ReportAsync();

        await ReportAssert.SocketsAsKernelShowsAsync(Node, report, server, client);
        Assert.Empty(report.Connections);
        Assert.Equal(3, ReportAssert.Number(report.Pod(client).GetProperty("tcp"), "timeWait"));
    }

    [Fact]
    public async Task LastAck_WhoseFinIsNeverAcknowledged_IsNotHalfClosed()
    {
        var server = await Node.RunPodAsync(new PodSpec("shop", "slow", new ContainerSpec("app", TestImages.Peer, "serve", "0.0.0.0", "9000", "1")));
        var client = await RunClientAsync("client");
        await OpenAsync(client, "half-close", server.Ip, 9000, 2);
        (await Node.RunInNetworkOfAsync(client, "ip", "route", "add", "blackhole", server.Ip)).Checked(); // its acknowledgements get nowhere
        await Eventually.TrueAsync("the server has sent its FIN", async () =>
            (await Node.GetSocketsAsync(server)).Count(socket => socket.State == "last_ack") == 2);

        var report = await Node.ReportAsync();

        Assert.Empty(report.ConnectionsOf(server));
        Assert.Equal(2, ReportAssert.Number(report.Pod(server).GetProperty("tcp"), "lastAck"));
        Assert.Equal(0, ReportAssert.Number(report.HalfClosed(server), "closedByPeer"));
    }
}
