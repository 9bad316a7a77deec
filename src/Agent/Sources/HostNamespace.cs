using Agent.Kernel.Namespaces;

namespace Agent.Sources;

/// <summary>Which network namespace is the node's.</summary>
internal static class HostNamespace
{
    /// <summary>
    /// Ours, as a tool on a machine is used where it is started; but in a pod of its own it is that of process 1, which hostPID shows.
    /// In a captured tree it is the one that its <c>net</c> leads to, where it leads to a process.
    /// </summary>
    /// <returns>Null when no process shows it.</returns>
    public static NetworkNamespace? Of(ProcessTable processes)
    {
        if (!processes.IsLive)
        {
            return (processes.TablesOf is { } pid ? processes.Find(pid)?.Namespace : null) ?? processes.Host;
        }

        var self = processes.Find(Environment.ProcessId);
        var isPod = self is { Owner.Kind: not CgroupOwnerKind.None }
            || Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST") is { Length: > 0 };
        return isPod || self?.Namespace is null ? processes.Host ?? self?.Namespace : self.Namespace;
    }
}
