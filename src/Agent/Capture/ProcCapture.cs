using System.Globalization;
using Agent.Core.Attribution;
using Agent.Kernel;
using Agent.Kernel.Namespaces;
using Agent.Kernel.ProcFs;
using Agent.Kernel.SockDiag;
using Agent.Sources;

namespace Agent.Capture;

/// <summary>
/// Copies the files of /proc that a report reads, and nothing else: of each process what it is called, its cgroup and its network
/// namespace, of each namespace its tables and settings. Not what connections carry, no command line, no environment.
/// </summary>
/// <param name="procRoot">A live /proc.</param>
/// <param name="archive">Receives the files.</param>
/// <param name="time">For the ages of processes.</param>
internal sealed class ProcCapture(string procRoot, CaptureArchive archive, TimeProvider time)
{
    private static readonly string[] s_ofMachine =
    [
        "uptime", "sys/kernel/hostname", "sys/kernel/osrelease", "sys/kernel/random/boot_id", "sys/net/bridge/bridge-nf-call-iptables",
        "sys/net/ipv4/ip_local_port_range",
    ];

    private static readonly string[] s_ofProcess = ["stat", "cgroup"];

    private static readonly string[] s_ofNamespace =
    [
        "tcp", "tcp6", "sockstat", "sockstat6", "snmp", "netstat", "fib_trie", "if_inet6", "stat/nf_conntrack",
    ];

    /// <summary>The table: one walk of the whole machine's for each namespace asked, so only the node's.</summary>
    private static readonly string[] s_ofHost = ["route", "ipv6_route", "nf_conntrack"];

    /// <summary>Writes all of it.</summary>
    /// <returns>How many network namespaces were copied.</returns>
    /// <exception cref="KernelException">/proc cannot be listed.</exception>
    public int Run(CancellationToken cancellationToken)
    {
        foreach (var file in s_ofMachine)
        {
            archive.TryAddFile(file, $"{procRoot}/{file}", cancellationToken);
        }

        using var processes = new ProcessTable(new() { ProcRoot = procRoot }, new CgroupClassifier().Classify);
        processes.Refresh(time.GetElapsedTime(0));
        AddProcesses(processes, cancellationToken);
        return AddNamespaces(processes, cancellationToken);
    }

    private void AddProcesses(ProcessTable processes, CancellationToken cancellationToken)
    {
        foreach (var process in processes.Processes)
        {
            if (process.Namespace is not { RepresentativePid: > 0 } network)
            {
                continue;
            }

            foreach (var file in s_ofProcess)
            {
                archive.TryAddFile($"{process.Pid}/{file}", $"{procRoot}/{process.Pid}/{file}", cancellationToken);
            }

            archive.AddLink($"{process.Pid}/ns/net", $"net:[{network.DisplayInode}]");
            if (process.Pid != network.RepresentativePid)
            {
                archive.AddLink($"{process.Pid}/net", $"../{network.RepresentativePid}/net");
            }
        }
    }

    private int AddNamespaces(ProcessTable processes, CancellationToken cancellationToken)
    {
        var host = HostNamespace.Of(processes);
        if (host is not null)
        {
            // As in /proc, where it leads to the reader's own; in an archive it says whose the node's tables are.
            archive.AddLink("net", $"{host.RepresentativePid}/net");
        }

        var networks = processes.Namespaces.Where(static network => network.RepresentativePid > 0).ToArray();
        using var owners = new SocketOwners(procRoot);
        using var thread = new NamespaceThread(procRoot);
        owners.BeginScan();
        thread.Run(visitor =>
        {
            foreach (var network in networks)
            {
                cancellationToken.ThrowIfCancellationRequested();
                AddNamespace(network, network == host, cancellationToken);
                AddSettings(network, network == host, visitor, cancellationToken);
                AddHolders(network, owners, cancellationToken);
            }
        });
        return networks.Length;
    }

    private void AddNamespace(NetworkNamespace network, bool isHost, CancellationToken cancellationToken)
    {
        foreach (var file in isHost ? s_ofNamespace.Concat(s_ofHost) : s_ofNamespace)
        {
            archive.TryAddFile($"{network.RepresentativePid}/net/{file}", $"{network.NetPath}/{file}", cancellationToken);
        }
    }

    /// <summary>
    /// /proc/sys/net is the calling thread's namespace's: each is entered for its settings, and they get a place beside its tables.
    /// </summary>
    private void AddSettings(NetworkNamespace network, bool isHost, NamespaceVisitor visitor, CancellationToken cancellationToken)
    {
        if (visitor.TryEnter(network, out _))
        {
            foreach (var path in Sysctl.NetfilterFiles("/proc"))
            {
                var name = $"{Sysctl.NetfilterDirectory}/{Path.GetFileName(path)}";
                archive.TryAddFile(isHost ? name : $"{network.RepresentativePid}/{name}", path, cancellationToken);
            }
        }

        visitor.Return();
    }

    /// <summary>Of the descriptors only those of half-closed sockets: they say which process does not close them.</summary>
    private void AddHolders(NetworkNamespace network, SocketOwners owners, CancellationToken cancellationToken)
    {
        var inodes = new List<ulong>();
        var sink = new HalfClosedInodes(inodes);
        try
        {
            new NetDirectory().TryDumpSockets(network.NetPath!, ref sink, out _, TcpStates.HalfClosed, cancellationToken);
        }
        catch (KernelException)
        {
            // The copy of the table has said why.
            return;
        }

        owners.Search(inodes, network.Processes);
        foreach (var inode in inodes)
        {
            if (owners.Find(inode) is { } holder)
            {
                archive.AddLink(string.Create(CultureInfo.InvariantCulture, $"{holder.Pid}/fd/{inode}"), $"socket:[{inode}]");
            }
        }
    }
}
