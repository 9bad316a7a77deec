using Agent.EndToEndTests.Images;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>Every half-closed connection is given to the right pods, once, with the right closer.</summary>
[Lasts(seconds: 15)]
public sealed class AttributionTests(NodePool nodes) : NodeTest(nodes)
{
    [Fact]
    public async Task PlainPods_BothFamilies_AsKernelShows()
    {
        var server = await RunLeakyServerAsync("leaky", "::"); // its IPv4 clients are in tcp6
        var client = await RunClientAsync("client");
        await OpenAsync(client, "half-close", server.Ip, 9000, 3);
        await OpenAsync(client, "half-close", server.Ip6, 9000, 2);
        await OpenAsync(client, "hold", server.Ip, 9000, 4);

        var report = await Node.ReportAsync();

        await ReportAssert.SocketsAsKernelShowsAsync(Node, report, server, client);
        await ReportAssert.FlowsAsKernelShowsAsync(Node, report, server, client);
        Assert.Equal(5, report.ConnectionsOf(server).Count);
        Assert.Equal(10, report.Connections.Count());
        Assert.All(report.ConnectionsOf(server), connection => Assert.Equal("host", connection.Table));
        Assert.Equal(
            server.Addresses.Select(address => address.ToString()).Order(StringComparer.Ordinal),
            report.Pod(server).GetProperty("addresses").EnumerateArray().Select(address => address.GetString()!).Order(StringComparer.Ordinal));
        Assert.Equal(server.Uid, report.Pod(server).GetProperty("uid").GetString());
    }

    [Theory]
    [InlineData("10.96.0.50", false)]
    [InlineData("10.96.0.50", true)]
    [InlineData("fd00:10:96::50", false)]
    public async Task Service_ThroughDnat_IsOneConnectionOfBothPods(string address, bool masquerade)
    {
        var server = await RunLeakyServerAsync("leaky", "::");
        var client = await RunClientAsync("client");
        await Node.AddServiceAsync(address, 80, server, 9000, masquerade);
        await OpenAsync(client, "half-close", address, 80, 3);

        var report = await Node.ReportAsync();

        await ReportAssert.SocketsAsKernelShowsAsync(Node, report, server, client);
        await ReportAssert.FlowsAsKernelShowsAsync(Node, report, server, client);
        Assert.All([.. report.ConnectionsOf(server), .. report.ConnectionsOf(client)], connection => Assert.Equal("host", connection.Table));
        Assert.Equal(0, ReportAssert.Number(report.HalfClosed(server), "untracked"));
        Assert.Equal(0, ReportAssert.Number(report.HalfClosed(client), "untracked"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task MeshedPod_RedirectInItsOwnNamespace_IsSeenInBothTables(bool six)
    {
        var meshed = await Node.RunMeshedServerAsync("meshed");
        var client = await RunClientAsync("client");
        await OpenAsync(client, "half-close", six ? meshed.Ip6 : meshed.Ip, 9000, 2);
        await Eventually.TrueAsync("the half-close was passed on", async () =>
            (await Kernel.KernelView.GetSocketsAsync(Node, meshed)).Count(socket => socket.State == "close_wait") == 4);

        var report = await Node.ReportAsync();

        await ReportAssert.SocketsAsKernelShowsAsync(Node, report, meshed, client);
        await ReportAssert.FlowsAsKernelShowsAsync(Node, report, meshed, client);
        Assert.All(report.ConnectionsOf(meshed), connection => Assert.Equal("pod", connection.Table));
        Assert.Equal(0, ReportAssert.Number(report.HalfClosed(meshed), "untracked"));
        Assert.Equal(60, report.Root.GetProperty("timeouts").GetProperty("pods").EnumerateArray()
            .Single(pod => pod.GetProperty("uid").GetString() == meshed.Uid)
            .GetProperty("values").GetProperty("tcp_timeout_close_wait").GetInt32());
    }

    [Fact]
    public async Task MeshedPod_OutboundRedirect_IsTrackedInItsOwnTable()
    {
        var server = await RunLeakyServerAsync("leaky");
        var meshed = await Node.RunMeshedServerAsync("meshed");
        await OpenAsync(meshed, "half-close", server.Ip, 9000, 2);
        await Eventually.TrueAsync("the half-close was passed on", async () =>
            (await Kernel.KernelView.GetSocketsAsync(Node, server)).Count(socket => socket.State == "close_wait") == 2);

        var report = await Node.ReportAsync();

        await ReportAssert.SocketsAsKernelShowsAsync(Node, report, meshed, server);
        await ReportAssert.FlowsAsKernelShowsAsync(Node, report, meshed, server);
        Assert.Equal(0, ReportAssert.Number(report.HalfClosed(meshed), "untracked"));
    }

    [Fact]
    public async Task HostNetworkPod_SharesTheHostsSockets_CountsItsOwnOnce()
    {
        var server = await Node.RunPodAsync(new PodSpec("kube-system", "node-server", new ContainerSpec("app", TestImages.Peer, "serve", "::", "9100")) { HostNetwork = true });
        var idle = await Node.RunPodAsync(new PodSpec("kube-system", "node-idle", new ContainerSpec("app", TestImages.Peer, "pause")) { HostNetwork = true });
        var client = await RunClientAsync("client");
        await OpenAsync(client, "half-close", PodNode.Address, 9100, 3);

        var report = await Node.ReportAsync();

        await ReportAssert.SocketsAsKernelShowsAsync(Node, report, server, client);
        Assert.True(report.Pod(server).GetProperty("hostNetwork").GetBoolean());
        Assert.Equal(0, ReportAssert.Number(report.HalfClosed(idle).GetProperty("sockets"), "closeWait"));
        Assert.Empty(report.ConnectionsOf(idle));
        Assert.Equal(6, report.Connections.Count());
        var host = report.Pods.SingleOrDefault(pod => pod.GetProperty("name").GetString() == "host");
        Assert.True(host.ValueKind == System.Text.Json.JsonValueKind.Undefined
            || ReportAssert.Number(host.GetProperty("halfClosed").GetProperty("sockets"), "closeWait") == 0);
    }

    [Fact]
    public async Task HostProcess_InNoPod_AppearsAsHost()
    {
        var server = await RunLeakyServerAsync("leaky");
        var program = Node.Root + "/run/node/peer";
        (await Command.RunAsync(["gcc", "-static", "-o", program, Repository.PathOf("tests/Agent.EndToEndTests/Images/peer.c")])).Checked();

        (await Node.RunAsync("/run/node/peer", "open", "half-close", server.Ip, "9000", "2")).Checked();
        var report = await Node.ReportAsync();

        await ReportAssert.SocketsAsKernelShowsAsync(Node, report, server);
        var host = report.Pods.Single(pod => pod.GetProperty("name").GetString() == "host");
        Assert.Equal("", host.GetProperty("namespace").GetString());
        Assert.Equal(2, ReportAssert.Number(host.GetProperty("halfClosed").GetProperty("sockets"), "finWait2"));
    }
}
