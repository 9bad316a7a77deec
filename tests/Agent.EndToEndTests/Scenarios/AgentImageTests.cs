using System.Text.Json;
using Agent.EndToEndTests.Deployment;
using Agent.EndToEndTests.Images;
using Agent.EndToEndTests.Node;
using Agent.EndToEndTests.Reports;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Scenarios;

/// <summary>The Dockerfile, built for real, and what is in the image.</summary>
[Lasts(seconds: 15)]
public sealed class AgentImageTests(NodePool nodes) : NodeTest(nodes)
{
    [Fact]
    public async Task Image_Program_RunsWithoutShellAsAnyUserOnAReadOnlyRoot()
    {
        var image = await Node.GetAgentImageAsync();

        var pod = await Node.RunPodAsync(new PodSpec("kube-system", "version", new ContainerSpec("closewatch", image, "version")
        {
            Init = true,
            RunAsUser = 1000,
            DropCapabilities = ["ALL"],
            ReadOnlyRootFilesystem = true,
        }));

        Assert.Contains("closewatch", await Node.OutputOfAsync(pod, "closewatch"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Image_AsTheDaemonSetRunsIt_ReportsWhatItsTierSees(bool full)
    {
        var image = await Node.GetAgentImageAsync();
        var server = await RunLeakyServerAsync("leaky", "::");
        var client = await RunClientAsync("client");
        await OpenAsync(client, "half-close", server.Ip, 9000, 3);

        var agent = await Node.RunPodAsync(AgentPod(image, full, "report", "-o", "json", "--connections", "50"));

        var report = new NodeReport(await Node.OutputOfAsync(agent, "closewatch"));
        await ReportAssert.SocketsAsKernelShowsAsync(Node, report, server, client);
        await ReportAssert.FlowsAsKernelShowsAsync(Node, report, server, client);
        Assert.Equal(Node.Name, report.Root.GetProperty("node").GetProperty("name").GetString());
        Assert.Equal(full ? "netlink" : "procfs", report.Source("conntrack").GetProperty("backend").GetString());
        Assert.Equal(full ? "ok" : "degraded", report.Source("sockets").GetProperty("status").GetString());
        Assert.Equal(full ? "ok" : "degraded", report.Source("sysctl").GetProperty("status").GetString());
    }

    /// <summary><c>kubectl debug node/N --profile=sysadmin</c>, which has the node's root at /host, and <c>docker run</c> with the node's processes.</summary>
    [Theory]
    [InlineData("ALL", "/host")]
    [InlineData("NET_ADMIN SYS_ADMIN SYS_PTRACE", "")]
    public async Task Image_WithoutInstallation_NamesThePodsByItself(string capabilities, string rootMount)
    {
        var image = await Node.GetAgentImageAsync();
        var serving = new ContainerSpec("app", TestImages.Peer, "serve", PodNode.Address, "9100");
        var server = await Node.RunPodAsync(new PodSpec("kube-system", "node-server", serving) { HostNetwork = true });
        var client = await RunClientAsync("client");
        await OpenAsync(client, "half-close", PodNode.Address, 9100, 3);

        var debugger = await Node.RunPodAsync(new PodSpec("default", "node-debugger", new ContainerSpec("debugger", image, "report", "-o", "json")
        {
            Init = true,
            Command = ["closewatch"],
            AddCapabilities = capabilities.Split(' '),
            Mounts = rootMount.Length > 0 ? [new HostMount("/", rootMount, ReadOnly: false)] : [],
        })
        {
            HostNetwork = true,
            HostPid = true,
        });

        var report = new NodeReport(await Node.OutputOfAsync(debugger, "debugger"));
        await ReportAssert.SocketsAsKernelShowsAsync(Node, report, server, client);
        Assert.Equal(Node.Name, report.Root.GetProperty("node").GetProperty("name").GetString());
        foreach (var source in (string[])["conntrack", "sockets", "sysctl", "pods"])
        {
            Assert.Equal("ok", report.Source(source).GetProperty("status").GetString());
        }
    }

    [Fact]
    public async Task Image_ReportExecutedInThePod_IsTheRunningAgents()
    {
        var image = await Node.GetAgentImageAsync();
        var agent = await Node.RunPodAsync(AgentPod(image, full: true, "run"));
        string[] report = ["closewatch", "report", "--quiet", "-o", "json"];

        await Eventually.TrueAsync(
            "the agent answers", async () => SourceOf(await Node.ExecAsync(agent, "closewatch", report)) == "agent", TimeSpan.FromSeconds(60));
        Assert.Equal("command", SourceOf(await Node.ExecAsync(agent, "closewatch", [.. report, "--fresh"])));
    }

    /// <summary>The SPDX file and the labels of the OCI image specification: both name the base image by the digest that it was built from.</summary>
    [Fact]
    public async Task Image_LabelsAndSpdx_SayWhatItWasBuiltFrom()
    {
        var archive = await Node.GetAgentImageArchiveAsync();
        using var saved = JsonDocument.Parse((await Command.RunAsync(["tar", "xOf", archive, "manifest.json"])).Checked().Output);
        using var image = JsonDocument.Parse((await Command.RunAsync(["tar", "xOf", archive, saved.RootElement.At(0, "Config").GetString()!])).Checked().Output);
        using var document = JsonDocument.Parse(File.ReadAllBytes(AgentImage.Spdx(archive)));
        var packages = document.RootElement.GetProperty("packages").EnumerateArray().ToDictionary(static package => package.GetProperty("SPDXID").GetString()!);
        string? Label(string name) => image.RootElement.At("config", "Labels", "org.opencontainers.image." + name).GetString();

        Assert.Equal(AgentImage.RuntimeImage, Label("base.name"));
        Assert.Matches("^sha256:[0-9a-f]{64}$", Label("base.digest"));
        Assert.Equal(Label("base.digest"), packages["SPDXRef-image-base"].GetProperty("versionInfo").GetString());
        Assert.NotEqual(Label("base.digest"), packages["SPDXRef-image-sdk"].GetProperty("versionInfo").GetString());
        Assert.Equal(packages["SPDXRef-closewatch"].GetProperty("versionInfo").GetString(), Label("version"));
        Assert.Equal(packages["SPDXRef-closewatch"].GetProperty("sourceInfo").GetString(), "commit " + Label("revision"));
        Assert.StartsWith((await Command.RunAsync(["git", "-C", Repository.Root, "rev-parse", "HEAD"])).Checked().Output.Trim(), Label("revision"), StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(Repository.PathOf("deploy/release/homepage")).Trim(), Label("source"));
        Assert.Equal(document.RootElement.At("creationInfo", "created").GetString(), Label("created"));
        Assert.Contains("SPDXRef-dotnet", packages.Keys);
    }

    private static string? SourceOf(CommandResult report) => new NodeReport(report.Checked().Output).Root.GetProperty("scan").GetProperty("source").GetString();

    /// <summary>As deploy/base has it, and deploy/overlays/restricted.</summary>
    private PodSpec AgentPod(string image, bool full, params IReadOnlyList<string> arguments) =>
        new("closewatch", "agent", new ContainerSpec("closewatch", image, arguments)
        {
            Init = arguments[0] != "run",
            RunAsUser = 0,
            DropCapabilities = ["ALL"],
            AddCapabilities = full ? ["NET_ADMIN", "SYS_ADMIN", "SYS_PTRACE", "NET_BROADCAST"] : [],
            ReadOnlyRootFilesystem = true,
            NoNewPrivileges = !full,
            Environment = new Dictionary<string, string> { ["NODE_NAME"] = Node.Name, ["CLOSEWATCH__Http__Listen"] = $"http://{PodNode.Address}:9742", ["CLOSEWATCH__Pods__CgroupRoot"] = "/host/sys/fs/cgroup" },
            Mounts = [new HostMount("/var/log/pods"), new HostMount("/sys/fs/cgroup", "/host/sys/fs/cgroup")],
        })
        {
            HostNetwork = true,
            HostPid = true,
        };
}
