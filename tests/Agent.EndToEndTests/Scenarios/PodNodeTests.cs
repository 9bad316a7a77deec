using System.Globalization;
using Agent.EndToEndTests.Images;
using Agent.EndToEndTests.Node;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>The node of the other tests is itself what they take it for.</summary>
public sealed class PodNodeTests(NodePool nodes) : NodeTest(nodes)
{
    [Fact]
    public async Task RunPod_TwoFamilies_HasAddressesLogDirectoryAndNamespace()
    {
        var pod = await RunClientAsync("client");

        Assert.StartsWith("10.88.1.", pod.Ip, StringComparison.Ordinal);
        Assert.StartsWith("fd00:10:88:1::", pod.Ip6, StringComparison.Ordinal);
        Assert.Contains($"/var/log/pods/shop_client_{pod.Uid}", (await Node.RunAsync("ls", "-d", pod.Spec.LogDirectory)).Output, StringComparison.Ordinal);
        Assert.Contains(pod.Ip, (await Node.RunInNetworkOfAsync(pod, "ip", "-4", "address")).Output, StringComparison.Ordinal);
        Assert.Contains($"pod{pod.Uid}/{pod.ContainerIds["app"]}", await CgroupsOfContainersAsync(pod), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exec_CommandThatFails_GivesOutputAndExitCode()
    {
        var pod = await Node.RunPodAsync(new PodSpec("shop", "shell", new ContainerSpec("sh", TestImages.Busybox, "-c", "sleep 1000")));

        var result = await Node.ExecAsync(pod, "sh", "sh", "-c", "hostname; echo no >&2; exit 3");

        Assert.Equal((3, "shell\n", "no\n"), (result.ExitCode, result.Output, result.Error));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task HalfClose_BetweenPods_IsSeenByConntrackAndSs(bool six)
    {
        var server = await RunLeakyServerAsync("leaky", "::");
        var client = await RunClientAsync("client");
        var address = six ? server.Ip6 : server.Ip;

        await OpenAsync(client, "half-close", address, 9000, 3);

        var flows = await Node.RunAsync("conntrack", "-L", "-f", six ? "ipv6" : "ipv4", "-p", "tcp", "--state", "CLOSE_WAIT", "--dst", address);
        Assert.Equal(3, flows.Checked().Lines.Count());
        Assert.Equal(3, await CountSocketsAsync(server, "close-wait"));
        Assert.Equal(3, await CountSocketsAsync(client, "fin-wait-2"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task HalfClose_MeshedServer_IsInItsOwnTable(bool six)
    {
        var server = await Node.RunMeshedServerAsync("meshed");
        var client = await RunClientAsync("client");

        await OpenAsync(client, "half-close", six ? server.Ip6 : server.Ip, 9000, 2);

        string[] inPodsTable = ["conntrack", "-L", "-f", six ? "ipv6" : "ipv4", "-p", "tcp", "--state", "CLOSE_WAIT", "--reply-port-src", $"{Mesh.InboundPort}"];
        await Eventually.TrueAsync("the pod's own table has the redirected flows", async () =>
            (await Node.RunInNetworkOfAsync(server, inPodsTable)).Checked().Lines.Count() == 2);
        await Eventually.TrueAsync("the half-close was passed on to the application", async () =>
            await CountSocketsAsync(server, "close-wait") == 4);
    }

    [Theory]
    [InlineData("10.96.0.50", false)]
    [InlineData("10.96.0.50", true)]
    [InlineData("fd00:10:96::50", false)]
    public async Task HalfClose_ThroughService_IsTranslated(string service, bool masquerade)
    {
        var server = await RunLeakyServerAsync("leaky", "::");
        var client = await RunClientAsync("client");
        await Node.AddServiceAsync(service, 80, server, 9000, masquerade);

        await OpenAsync(client, "half-close", service, 80, 2);

        var family = service.Contains(':', StringComparison.Ordinal) ? "ipv6" : "ipv4";
        var flows = await Node.RunAsync("conntrack", "-L", "-f", family, "-p", "tcp", "--state", "CLOSE_WAIT", "--orig-dst", service);
        Assert.Equal(2, flows.Checked().Lines.Count());
        var replyTo = masquerade ? "dst=10.88.1.1 " : family == "ipv6" ? $"dst={client.Ip6} " : $"dst={client.Ip} ";
        Assert.All(flows.Lines, flow => Assert.Contains(replyTo, flow[flow.IndexOf("sport=", StringComparison.Ordinal)..], StringComparison.Ordinal));
    }

    [Fact]
    public async Task Node_Running_LeavesNoZombies()
    {
        var pod = await RunClientAsync("client");
        await Node.RemovePodAsync(pod);

        await Eventually.TrueAsync("nothing is left unreaped", async () =>
            !(await Node.RunAsync("ps", "-eo", "stat=")).Lines.Any(state => state.StartsWith('Z')));
    }

    private async Task<string> CgroupsOfContainersAsync(Pod pod)
    {
        var text = "";
        foreach (var pid in (await Node.RunAsync("pgrep", "--ns", pod.Pid.ToString(CultureInfo.InvariantCulture), "--nslist", "net", ".")).Lines)
        {
            text += (await Node.RunAsync("cat", $"/proc/{pid}/cgroup")).Output;
        }

        return text;
    }

    private async Task<int> CountSocketsAsync(Pod pod, string state) =>
        (await Node.RunInNetworkOfAsync(pod, "ss", "-Htn", "state", state)).Checked().Lines.Count();
}
