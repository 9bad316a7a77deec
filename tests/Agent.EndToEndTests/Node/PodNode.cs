using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Agent.EndToEndTests.Cri;
using Agent.EndToEndTests.Images;

namespace Agent.EndToEndTests.Node;

/// <summary>
/// A node that runs real pods: containerd in namespaces of its own (Node/node.sh). It ends with the test process, however
/// that ends. Tests take theirs from the <see cref="NodePool"/>.
/// </summary>
public sealed class PodNode : IAsyncDisposable
{
    /// <summary>The node's own addresses, those of its hostNetwork pods; the same on every node, none of which can reach another.</summary>
    public const string Address = "172.31.255.1";
    public const string Address6 = "fd00:31::1";

    private static readonly TimeSpan s_startTimeout = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, Pod> _pods = new();
    private readonly ImageStore _images;
    private readonly HashSet<string> _imported = [];
    private NodeProcess? _process;
    private ContainerRuntime? _runtime;
    private HttpClient? _http;

    private PodNode(string name, ImageStore images) => (Name, _images) = (name, images);

    /// <summary>The host name of the node.</summary>
    public string Name { get; }

    public ContainerRuntime Runtime => _runtime ?? throw NotStarted();

    public int PodCount => _pods.Count;

    /// <summary>Its PID 1, as this machine numbers it.</summary>
    public int InitPid => Process.InitPid;

    /// <summary>The node's root as this process sees it, for files.</summary>
    public string Root => $"/proc/{Process.InitPid}/root";

    /// <summary>Asks servers from the node's own network, as a program of the node would.</summary>
    public HttpClient Http => _http ?? throw NotStarted();

    private string Network => $"/proc/{Process.InitPid}/ns/net";

    private NodeProcess Process => _process ?? throw NotStarted();

    /// <summary>Starts it, with the images of <see cref="TestImages"/>.</summary>
    internal static async Task<PodNode> StartAsync(string name, ImageStore images)
    {
        var node = new PodNode(name, images);
        try
        {
            await node.StartAsync();
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes sure that images are there: <paramref name="save"/> writes their archive to the path that it is given, once for all nodes.</summary>
    public async Task ImportAsync(Func<string, Task> save, params IReadOnlyList<string> names)
    {
        var archive = await _images.GetAsync(names[0], save);
        if (!_imported.Add(names[0]))
        {
            return;
        }

        (await RunAsync("ctr", "-n", "k8s.io", "images", "import", archive)).Checked();
        // CRI learns of an import by an event, a moment later; a pod started before that would be pulled.
        await Eventually.TrueAsync(
            $"containerd knows {string.Join(", ", names)}",
            async () => (await Runtime.ListImageNamesAsync(CancellationToken.None)).IsSupersetOf(names));
    }

    /// <summary>The name of the image that the Dockerfile makes; built by the first that asks (about a minute).</summary>
    public async Task<string> GetAgentImageAsync()
    {
        await ImportAsync(path => AgentImage.SaveAsync(this, path), AgentImage.Name);
        return AgentImage.Name;
    }

    /// <summary>The same image as an archive of this machine (docker save).</summary>
    public Task<string> GetAgentImageArchiveAsync() => _images.GetAsync(AgentImage.Name, path => AgentImage.SaveAsync(this, path));

    /// <summary>Runs a program of this machine as a process of the node that is in no pod.</summary>
    public Task<CommandResult> RunAsync(params IReadOnlyList<string> command) => RunAsync(timeout: null, command);

    /// <summary>The same, with another limit than a minute.</summary>
    public Task<CommandResult> RunAsync(TimeSpan? timeout, params IReadOnlyList<string> command) => Command.RunAsync(Process.Enter(command), timeout: timeout);

    /// <summary>The same, with input.</summary>
    public Task<CommandResult> RunWithInputAsync(string input, params IReadOnlyList<string> command) => Command.RunAsync(Process.Enter(command), input);

    /// <summary>How to start a program in the node, for those that run on.</summary>
    public System.Diagnostics.ProcessStartInfo StartInfo(params IReadOnlyList<string> command) => Command.StartInfo(Process.Enter(command));

    /// <summary>A socket bound to an address of the node, for this process to use.</summary>
    public Socket Bind(IPEndPoint address)
    {
        var socket = NodeNetwork.Open(Network, address.AddressFamily);
        socket.Bind(address);
        return socket;
    }

    /// <summary>The body of what a server answers to a GET from the node's own network; null where that is no success, or nothing.</summary>
    public async Task<string?> TryGetAsync(string url)
    {
        try
        {
            using var response = await Http.GetAsync(new Uri(url));
            return response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync() : null;
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return null;
        }
    }

    /// <summary>Runs a program of this machine in the network namespace of a pod.</summary>
    public Task<CommandResult> RunInNetworkOfAsync(Pod pod, params IReadOnlyList<string> command) =>
        RunAsync([.. NetworkOf(pod), .. command]);

    /// <summary>The words to put before a command of the node for it to run in a pod's network namespace.</summary>
    public static IReadOnlyList<string> NetworkOf(Pod pod) => ["nsenter", $"--net=/proc/{pod.Pid}/ns/net", "--"];

    /// <summary>Runs a command in a container.</summary>
    public Task<CommandResult> ExecAsync(Pod pod, string container, params IReadOnlyList<string> command) =>
        Runtime.ExecAsync(pod.ContainerIds[container], command, TimeSpan.FromSeconds(30), CancellationToken.None);

    /// <summary>Starts containerd, which has ended, as node.sh does, and returns when it is ready.</summary>
    public async Task StartContainerdAsync()
    {
        (await RunAsync("sh", "-c", "setsid containerd -c /run/node/containerd.toml </dev/null >>/run/node/containerd.log 2>&1 &")).Checked();
        await UntilRuntimeIsReadyAsync();
    }

    /// <summary>Starts a pod as a kubelet does, log directory first, and returns when its containers run.</summary>
    public async Task<Pod> RunPodAsync(PodSpec spec)
    {
        Directory.CreateDirectory(Root + spec.LogDirectory);
        var sandbox = CriConfig.Sandbox(spec);
        var id = await Runtime.RunSandboxAsync(sandbox, CancellationToken.None);
        var pod = await DescribeAsync(spec, id);
        _pods[id] = pod;
        foreach (var container in spec.Containers)
        {
            Directory.CreateDirectory($"{Root}{spec.LogDirectory}/{container.Name}");
            var request = new CreateContainerRequest { SandboxId = id, SandboxConfig = sandbox, Config = CriConfig.Container(spec, container) };
            var containerId = await Runtime.StartContainerAsync(request, CancellationToken.None);
            pod = pod with { ContainerIds = new Dictionary<string, string>(pod.ContainerIds) { [container.Name] = containerId } };
            if (container.Init)
            {
                await WaitForEndAsync(spec, container, containerId);
            }
        }

        return _pods[id] = pod;
    }

    /// <summary>Ends a pod at once, and removes its log directory as a kubelet does some time later.</summary>
    public async Task RemovePodAsync(Pod pod)
    {
        await Runtime.RemoveSandboxAsync(pod.SandboxId, CancellationToken.None);
        _pods.TryRemove(pod.SandboxId, out _);
        Directory.Delete(Root + pod.Spec.LogDirectory, recursive: true);
    }

    /// <summary>What a container has written to standard output so far.</summary>
    public async Task<string> OutputOfAsync(Pod pod, string container)
    {
        var log = await File.ReadAllLinesAsync($"{Root}{pod.Spec.LogDirectory}/{container}/0.log");
        // 2026-11-21T04:14:20.123456789Z stdout F text; P instead of F for a part of a long line
        var parts = log.Select(line => line.Split(' ', 4)).Where(words => words[1] == "stdout");
        return string.Concat(parts.Select(words => words[3] + (words[2] == "F" ? "\n" : "")));
    }

    /// <summary>Writes a setting of the node's own network namespace; <see cref="ClearAsync"/> takes it back for those that tests change.</summary>
    public async Task SetAsync(string sysctl, int value) => (await RunAsync("sysctl", "-qw", $"{sysctl}={value}")).Checked();

    /// <summary>Writes a setting of a pod's network namespace.</summary>
    public async Task SetAsync(Pod pod, string sysctl, int value) => (await RunInNetworkOfAsync(pod, "sysctl", "-qw", $"{sysctl}={value}")).Checked();

    /// <summary>Removes all pods, Services and other rules of tests, forgets all connections, and writes conntrack's settings as the node began with them.</summary>
    public async Task ClearAsync()
    {
        await Task.WhenAll(_pods.Values.Select(RemovePodAsync));
        const string Script = """
            rules='*raw\n-F\nCOMMIT\n*nat\n:KUBE-SERVICES -\n:KUBE-POSTROUTING -\nCOMMIT\n'
            printf "$rules" | iptables-restore --noflush
            printf "$rules" | ip6tables-restore --noflush
            conntrack -F
            sysctl -qw "$@"
            """;
        (await RunAsync(
            "sh", "-ec", Script, "clear", $"{Sysctls.CloseWaitTimeout}=3600", $"{Sysctls.EstablishedTimeout}=432000", $"{Sysctls.Loose}=1", $"{Sysctls.Liberal}=0")).Checked();
    }

    public ValueTask DisposeAsync()
    {
        _runtime?.Dispose();
        _http?.Dispose();
        return _process?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    private async Task StartAsync()
    {
        _process = await NodeProcess.StartAsync(Name);
        _http = NodeNetwork.Client(Network);
        _runtime = new ContainerRuntime(Root + "/run/containerd/containerd.sock");
        await UntilRuntimeIsReadyAsync();
        await ImportAsync(TestImages.SaveAsync, TestImages.Pause, TestImages.Peer, TestImages.Busybox, WebImage.Name);
    }

    private Task UntilRuntimeIsReadyAsync() =>
        Eventually.TrueAsync("containerd is ready", () => Runtime.IsReadyAsync(CancellationToken.None), s_startTimeout);

    private InvalidOperationException NotStarted() => new($"{Name} has not been started");

    private async Task<Pod> DescribeAsync(PodSpec spec, string id)
    {
        var response = await Runtime.GetSandboxStatusAsync(id, CancellationToken.None);
        using var info = JsonDocument.Parse(response.Info["info"]);
        string[] addresses = [response.Status.Network.Ip, .. response.Status.Network.AdditionalIps.Select(address => address.Ip)];
        return new Pod(
            spec,
            id,
            info.RootElement.GetProperty("pid").GetInt32(),
            spec.HostNetwork ? [] : [.. addresses.Where(address => address.Length > 0).Select(IPAddress.Parse)],
            new Dictionary<string, string>());
    }

    private async Task WaitForEndAsync(PodSpec spec, ContainerSpec container, string containerId)
    {
        ContainerStatus? status = null;
        await Eventually.TrueAsync($"{container.Name} has ended", async () =>
        {
            status = await Runtime.GetContainerStatusAsync(containerId, CancellationToken.None);
            return status.State == ContainerState.Exited;
        });
        if (status!.ExitCode != 0)
        {
            var log = await File.ReadAllTextAsync($"{Root}{spec.LogDirectory}/{container.Name}/0.log");
            throw new InvalidOperationException($"{container.Name} of {spec.Namespace}/{spec.Name} ended with exit code {status.ExitCode}: {log}");
        }
    }
}
