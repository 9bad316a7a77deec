using System.Diagnostics;
using System.Globalization;

namespace Agent.EndToEndTests.Node;

/// <summary>A server on another machine, as far as the node can tell: in a network and a process list that the node does not have.</summary>
public sealed class OutsideServer : IAsyncDisposable
{
    /// <summary>Where the node's pods reach it.</summary>
    public const string Address = "172.30.99.2";

    private const string NodeSide = "172.30.99.1";

    private readonly Process _process;

    private OutsideServer(Process process) => _process = process;

    /// <summary>Starts a program of this machine there and waits until it answers at a port.</summary>
    public static async Task<OutsideServer> StartAsync(PodNode node, int port, params IReadOnlyList<string> command)
    {
        // It waits for its network before it starts.
        var process = Process.Start(Command.StartInfo(
            ["setsid", "unshare", "--net", "sh", "-c", "read -r _; ip link set lo up; exec \"$@\"", "sh", .. command]))!;
        var server = new OutsideServer(process);
        try
        {
            await server.ConnectAsync(node);
            await node.AnswersAsync(Address, port);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private async Task ConnectAsync(PodNode node)
    {
        var pid = _process.Id.ToString(CultureInfo.InvariantCulture);
        await Eventually.TrueAsync("it has a network of its own", () => Task.FromResult(
            new FileInfo($"/proc/{pid}/ns/net").LinkTarget != new FileInfo("/proc/self/ns/net").LinkTarget));
        var nodePid = node.InitPid.ToString(CultureInfo.InvariantCulture);
        await RunAsync("ip", "link", "add", "outside0", "netns", nodePid, "type", "veth", "peer", "name", "eth0", "netns", pid);
        (await node.RunAsync("ip", "address", "add", NodeSide + "/24", "dev", "outside0")).Checked();
        (await node.RunAsync("ip", "link", "set", "outside0", "up")).Checked();
        string[] enter = ["nsenter", "-t", pid, "--net", "--"];
        await RunAsync([.. enter, "ip", "address", "add", Address + "/24", "dev", "eth0"]);
        await RunAsync([.. enter, "ip", "link", "set", "eth0", "up"]);
        await RunAsync([.. enter, "ip", "route", "add", "default", "via", NodeSide]);
        await _process.StandardInput.WriteLineAsync();
    }

    private static async Task RunAsync(params IReadOnlyList<string> command) => (await Command.RunAsync(command)).Checked();
}
