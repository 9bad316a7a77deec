using System.Diagnostics;
using System.Net;
using Agent.EndToEndTests.Images;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>Pods that come and go while they are looked at.</summary>
[Lasts(seconds: 20)]
public sealed class PodChurnTests(NodePool nodes) : NodeTest(nodes)
{
    private const int Least = 6;
    private static readonly TimeSpan s_churn = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task Reports_WhilePodsAreReplaced_NeverFailNorMisattribute()
    {
        var server = await RunLeakyServerAsync("leaky");
        var client = await RunClientAsync("client");
        await OpenAsync(client, "half-close", server.Ip, 9000, 4);
        var names = new HashSet<string> { "shop/leaky", "shop/client", "shop/come-and-go", "/host" };
        var clock = Stopwatch.StartNew();
        var churn = Task.Run(() => ReplacePodsAsync(server, clock), TestContext.Current.CancellationToken);

        var scans = 0;
        // On a busy machine a few of them take longer.
        while (!churn.IsCompleted || scans < Least)
        {
            var report = await Node.ReportAsync();
            scans++;
            Assert.Equal(4, report.ConnectionsOf(client).Count);
            Assert.True(report.ConnectionsOf(server).Count >= 4);
            Assert.All(report.ConnectionsOf(server), connection => Assert.Equal("close_wait", connection.Socket.State));
            // A pod whose logs the kubelet has removed already has its uid, a namespace that outlives its pod for a moment its own number.
            Assert.All(report.Pods, pod => Assert.True(
                names.Contains($"{pod.GetProperty("namespace")}/{pod.GetProperty("name")}") || pod.GetProperty("name").GetString()!.StartsWith("netns:", StringComparison.Ordinal)
                || pod.GetProperty("name").GetString()!.StartsWith("container:", StringComparison.Ordinal)
                || pod.GetProperty("name").GetString()!.StartsWith("pod:", StringComparison.Ordinal),
                pod.GetRawText()));
        }

        await churn;
    }

    [Fact]
    public async Task ReusedAddress_OfAPodThatIsGone_BelongsToTheLivePod()
    {
        var server = await RunLeakyServerAsync("leaky");
        var first = await RunClientAsync("first");
        await OpenAsync(first, "half-close", server.Ip, 9000, 2);
        await Node.RemovePodAsync(first);
        Directory.CreateDirectory(Node.Root + first.Spec.LogDirectory); // a kubelet keeps it a while
        GiveNext(first.Ip);
        var second = await RunClientAsync("second");
        Assert.Equal(first.Ip, second.Ip);
        await OpenAsync(second, "half-close", server.Ip, 9000, 3);

        var report = await Node.ReportAsync();

        await ReportAssert.SocketsAsKernelShowsAsync(Node, report, second);
        Assert.Equal(3, report.ConnectionsOf(second).Count);
        Assert.DoesNotContain(report.Pods, pod => pod.GetProperty("name").GetString() == "first");
        Directory.Delete(Node.Root + first.Spec.LogDirectory);
    }

    /// <summary>The address plug-in goes round; this makes it forget that it had passed this address.</summary>
    private void GiveNext(string address)
    {
        var bytes = IPAddress.Parse(address).GetAddressBytes();
        bytes[3]--;
        File.WriteAllText(Node.Root + "/run/node/addresses/pods/last_reserved_ip.0", new IPAddress(bytes).ToString());
    }

    private async Task ReplacePodsAsync(Pod server, Stopwatch clock)
    {
        for (var replaced = 0; replaced < Least || clock.Elapsed < s_churn; replaced++)
        {
            var pod = await Node.RunPodAsync(new PodSpec("shop", "come-and-go", new ContainerSpec("app", TestImages.Peer, "pause")));
            await OpenAsync(pod, "half-close", server.Ip, 9000, 1);
            await Node.RemovePodAsync(pod);
        }
    }
}
