using System.Diagnostics;
using System.Globalization;

namespace Agent.EndToEndTests.Node;

/// <summary>The script that is the node's PID 1, and the way into its namespaces.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_startTimeout = TimeSpan.FromSeconds(30);

    private readonly Process _process;

    private NodeProcess(Process process, int initPid) => (_process, InitPid) = (process, initPid);

    /// <summary>PID 1 of the node, as this machine numbers it.</summary>
    public int InitPid { get; }

    /// <summary>Why this machine can not have a node, or null.</summary>
    public static async Task<string?> WhyNotAsync()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return "not root: a node needs namespaces and mounts of its own";
        }

        var namespaces = await Command.RunAsync(["unshare", "--mount", "--net", "--pid", "--cgroup", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
        if (namespaces.ExitCode != 0)
        {
            return $"this machine allows no namespaces and mounts: {namespaces.Error.Trim()}";
        }

        if (!File.ReadAllText("/proc/filesystems").Contains("\toverlay\n", StringComparison.Ordinal))
        {
            return "the kernel has no overlayfs (modprobe overlay)";
        }

        return Directory.Exists("/proc/sys/net/bridge") ? null : "the kernel module br_netfilter is not loaded (modprobe br_netfilter)";
    }

    public static async Task<NodeProcess> StartAsync(string name)
    {
        var script = Repository.PathOf("tests/Agent.EndToEndTests/Node/node.sh");
        // A session of its own: what is typed at the terminal of the tests does not reach it.
        var process = Process.Start(Command.StartInfo(["setsid", "--wait", "bash", script, name]))!;
        var errors = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(s_startTimeout);
        var pid = await process.StandardOutput.ReadLineAsync(limit.Token);
        if (pid is null || await process.StandardOutput.ReadLineAsync(limit.Token) != "ready")
        {
            throw new InvalidOperationException($"the node did not start: {await errors}");
        }

        return new NodeProcess(process, int.Parse(pid.AsSpan("pid ".Length), CultureInfo.InvariantCulture));
    }

    /// <summary>The command that runs <paramref name="command"/> in all namespaces of the node.</summary>
    public IReadOnlyList<string> Enter(IReadOnlyList<string> command) =>
        ["nsenter", "-t", InitPid.ToString(CultureInfo.InvariantCulture), "-m", "-n", "-u", "-i", "-p", "-C", "--", .. command];

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
