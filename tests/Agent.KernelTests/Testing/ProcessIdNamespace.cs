using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Agent.KernelTests.Testing;

/// <summary>
/// A process id namespace with a shell in it: a process id can be used again without touching the machine's own, and what runs in it sees
/// nobody else, as on a node of its own.
/// </summary>
internal sealed class ProcessIdNamespace : IDisposable
{
    private readonly Process _unshare;
    private readonly int _shell;

    /// <param name="network">Where its first process is; null for the tests' own.</param>
    public ProcessIdNamespace(NetworkNamespaceFixture? network = null)
    {
        string[] enter = network is null ? [] : [$"--net={network.Path}"];
        _unshare = Process.Start(new ProcessStartInfo("nsenter", [.. enter, "unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-s"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        Assert.Equal("ready", Ask("echo ready"));
        _shell = int.Parse(File.ReadAllText($"/proc/{_unshare.Id}/task/{_unshare.Id}/children").Trim(), CultureInfo.InvariantCulture);
    }

    /// <summary>The proc file system that shows this namespace.</summary>
    public string ProcRoot => $"/proc/{_shell}/root/proc";

    /// <summary>A file that names it for setns(2).</summary>
    public string Path => $"/proc/{_shell}/ns/pid";

    /// <summary>What starts a program in here, in a network namespace: put the program and its arguments after it.</summary>
    public string[] Starter(NetworkNamespaceFixture network) => ["nsenter", $"--target={_shell}", "--pid", "--mount", $"--net={network.Path}"];

    /// <summary>Hides the names of the machine's network namespaces from whatever runs in here.</summary>
    public void HideNames() => Assert.Equal("hidden", Ask("mount -t tmpfs none /run/netns && echo hidden"));

    /// <summary>Starts an idle process with the given id.</summary>
    public int StartSleep(NetworkNamespaceFixture target, int pid)
    {
        var started = Ask($"echo {pid - 1} > /proc/sys/kernel/ns_last_pid; nsenter --net={target.Path} sleep 1000 > /dev/null & echo $!; "
            + "until [ \"$(cat /proc/$!/comm)\" = sleep ]; do :; done");
        _ = Ask("echo started");
        return int.Parse(started, CultureInfo.InvariantCulture);
    }

    public void Kill(int pid) => Assert.Equal("killed", Ask($"kill {pid}; wait {pid} 2> /dev/null; echo killed"));

    public void Dispose()
    {
        _unshare.StandardInput.Close();
        _unshare.Kill(entireProcessTree: true);
        _unshare.WaitForExit();
        _unshare.Dispose();
    }

    private string Ask(string command)
    {
        _unshare.StandardInput.WriteLine(command);
        return _unshare.StandardOutput.ReadLine() ?? "";
    }
}
