using System.Collections.Immutable;
using Agent.Core.Attribution;
using Agent.Kernel;
using Agent.Kernel.Namespaces;

namespace Agent.Remediation;

/// <summary>Who else on this node writes conntrack settings, by the names of the processes.</summary>
internal sealed class NodeProcesses : IDisposable
{
    // The names of programs as /proc/PID/comm has them: at most 15 characters.
    private static readonly ImmutableArray<string> s_writers =
        [
            "kube-proxy",
            "tuned",
            "openshift-tuned",
            "salt-minion",
            "puppet",
            "chef-client",
            "cf-agent",
            "cfagent",
            "calico-node",
            "cilium-agent",
            "kube-router"];

    private readonly TimeProvider _time;

    public NodeProcesses(string procRoot, TimeProvider time)
    {
        Table = new ProcessTable(new ProcessTableOptions { ProcRoot = procRoot }, new CgroupClassifier().Classify);
        _time = time;
    }

    public ProcessTable Table { get; }

    /// <summary>Whether kube-proxy runs; null when not all processes can be seen.</summary>
    public bool? KubeProxyRuns { get; private set; }

    /// <summary>The programs seen that are known to write such settings.</summary>
    public ImmutableArray<string> Writers { get; private set; } = [];

    public void Refresh()
    {
        try
        {
            Table.Refresh(_time.GetElapsedTime(0));
        }
        catch (KernelException)
        {
            // As far as it came; who is not seen now is unknown below.
            KubeProxyRuns = KubeProxyRuns == true ? true : null;
            return;
        }

        Writers = [.. Table.Processes.Select(static process => process.Command).Where(static name => s_writers.Contains(name)).Distinct()];
        var seesAll = Table.Statistics.HidePid is null && Table.Find(1) is not (null or { Command: "closewatch" or "pause" });
        KubeProxyRuns = Writers.Contains("kube-proxy") ? true : seesAll ? false : null;
    }

    public void Dispose() => Table.Dispose();
}
