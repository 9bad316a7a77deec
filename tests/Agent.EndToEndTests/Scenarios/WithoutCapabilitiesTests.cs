using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>uid 0 and nothing else: what is counted stays right, and what is lost is said.</summary>
public sealed class WithoutCapabilitiesTests(NodePool nodes) : NodeTest(nodes)
{
    [Fact]
    public async Task Report_OfPlainAndMeshedPods_CountsTheSameSockets()
    {
        var server = await RunLeakyServerAsync("leaky", "::");
        var meshed = await Node.RunMeshedServerAsync("meshed");
        var client = await RunClientAsync("client");
        await OpenAsync(client, "half-close", server.Ip, 9000, 3);
        await OpenAsync(client, "half-close", server.Ip6, 9000, 2);
        await OpenAsync(client, "half-close", meshed.Ip, 9000, 2);
        await Eventually.TrueAsync("the half-close was passed on", async () =>
            (await Kernel.KernelView.GetSocketsAsync(Node, meshed)).Count(socket => socket.State == "close_wait") == 4);

        var report = await Node.ReportWithoutCapabilitiesAsync();

        await ReportAssert.SocketsAsKernelShowsAsync(Node, report, server, meshed, client);
        Assert.Equal(0, ReportAssert.Number(report.HalfClosed(meshed), "untracked")); // not known is not gone
        foreach (var (source, missing) in ((string, string)[])[("conntrack", "CAP_NET_ADMIN"), ("sockets", "CAP_SYS_PTRACE"), ("sysctl", "CAP_SYS_PTRACE")])
        {
            Assert.Equal("degraded", report.Source(source).GetProperty("status").GetString());
            Assert.Contains(missing, report.Source(source).GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Report_OfTheSameNode_NamesTheSamePods()
    {
        await RunLeakyServerAsync("leaky");
        await RunClientAsync("client");

        var full = await Node.ReportAsync();
        var restricted = await Node.ReportWithoutCapabilitiesAsync();

        Assert.Equal(Names(full), Names(restricted));
    }

    private static IEnumerable<string> Names(NodeReport report) =>
        report.Pods.Select(pod => $"{pod.GetProperty("namespace")}/{pod.GetProperty("name")}").Order(StringComparer.Ordinal);
}
