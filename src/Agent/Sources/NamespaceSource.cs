using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Agent.Configuration;
using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Kernel;
using Agent.Kernel.Namespaces;
using Agent.Kernel.ProcFs;
using Agent.Kubernetes;

namespace Agent.Sources;

/// <summary>Finds the network namespaces of the node and who owns them.</summary>
internal sealed class NamespaceSource : IDisposable
{
    private const double TicksPerSecond = 100;

    private readonly CollectionOptions _collection;
    private readonly TimeProvider _time;
    private readonly ProcessTable _processes;
    private readonly PodNames _names;
    private readonly NetDirectory _tables = new();
    private Dictionary<NetworkNamespace, NamespaceMemory> _memory = [];
    private NamespaceMemory? _capturedMemory;

    public NamespaceSource(CollectionOptions collection, PodsOptions pods, CgroupClassification classify, TimeProvider time)
    {
        _collection = collection;
        _time = time;
        _names = new PodNames(pods.LogRoot, time);
        _processes = new ProcessTable(new ProcessTableOptions { ProcRoot = collection.ProcRoot }, classify);
    }

    /// <summary>False for a captured tree.</summary>
    public bool IsLive => _processes.IsLive;

    /// <summary>Brings the process table up to date, names the owners, and finds out whose address is whose.</summary>
    public NodeLayout Find(TimeSpan now, NamespaceVisitor? visitor, KubernetesView? kubernetes, SourceReports sources)
    {
        var clock = new SourceClock(SourceNames.Namespaces, _time);
        _processes.Refresh(now);
        var targets = Targets(now, visitor);
        sources.Add(Report(clock, targets.Length));

        var podClock = new SourceClock(SourceNames.Pods, _time);
        var refusal = _names.Refresh();
        var uptime = Uptime();
        var owners = OwnerResolver.Resolve([.. targets.Select(target => Processes(target, uptime))], _names.ByUid, ByUid(kubernetes));
        sources.Add(PodNames.Report(podClock, owners, refusal));

        var namespaces = ImmutableArray.CreateBuilder<NamespaceScan>(targets.Length);
        for (var index = 0; index < targets.Length; index++)
        {
            namespaces.Add(new NamespaceScan(targets[index], FirstOwner(owners, index), isHost: index == 0));
        }

        return new NodeLayout
        {
            Namespaces = namespaces.MoveToImmutable(),
            Owners = owners,
            Addresses = Addresses(now, targets, owners),
            BridgeIsTracked = BridgeIsTracked(),
        };
    }

    public void Dispose() => _processes.Dispose();

    /// <summary>The owner of what belongs to nobody else in a namespace; every namespace has one.</summary>
    private static int FirstOwner(ImmutableArray<Owner> owners, int namespaceIndex)
    {
        var first = 0;
        while (owners[first].NamespaceIndex != namespaceIndex || owners[first].HostNetwork)
        {
            first++;
        }

        return first;
    }

    private ImmutableArray<NamespaceTarget> Targets(TimeSpan now, NamespaceVisitor? visitor)
    {
        var host = HostNamespace.Of(_processes);
        var memory = new Dictionary<NetworkNamespace, NamespaceMemory>();
        var targets = ImmutableArray.CreateBuilder<NamespaceTarget>();
        if (host is null)
        {
            _capturedMemory ??= new NamespaceMemory(now, isNew: false);
            targets.Add(
                new NamespaceTarget(0, null, $"{_collection.ProcRoot}/net", _capturedMemory) { CapturedRoot = _collection.ProcRoot });
        }
        else
        {
            targets.Add(Target(host));
        }

        if (_collection.PodNamespaces)
        {
            targets.AddRange(_processes.Namespaces
                .Where(candidate => candidate != host && (candidate.RepresentativePid > 0 || CanEnter(candidate, visitor)))
                .OrderBy(static candidate => candidate.DisplayInode)
                .Select(Target));
        }

        _memory = memory;
        return targets.ToImmutable();

        NamespaceTarget Target(NetworkNamespace network)
        {
            var kept = _memory.GetValueOrDefault(network) ?? new NamespaceMemory(now, isNew: _memory.Count > 0);
            memory[network] = kept;
            return new NamespaceTarget(network.DisplayInode, network, network.NetPath, kept)
            {
                CapturedRoot = IsLive ? null : network == host ? _collection.ProcRoot : Path.GetDirectoryName(network.NetPath),
            };
        }
    }

    /// <summary>
    /// A namespace that only has a name is worth nothing unless it can be entered. Nor does it count when its name, which could not
    /// be told to be one of theirs, leads to a namespace that has processes.
    /// </summary>
    private bool CanEnter(NetworkNamespace candidate, NamespaceVisitor? visitor)
    {
        var entered = candidate.Id != 0 || visitor?.TryEnter(candidate, out _) == true;
        visitor?.Return();
        return entered && !_processes.Namespaces.Any(other => other != candidate && other.Id == candidate.Id);
    }

    private SourceReport Report(SourceClock clock, int namespaces)
    {
        var statistics = _processes.Statistics;
        var problem = SourceProblem.None;
        if (statistics.HidePid is { } hidePid)
        {
            problem = problem.And(new(
                $"{_collection.ProcRoot} is mounted with hidepid={hidePid}: processes of others and their namespaces are not shown; "
                + "remount it without, or run as root in the group of its gid option",
                SourceNeeds.VisibleProcesses));
        }

        if (statistics.Denied > 0)
        {
            problem = problem.And(new(
                $"{statistics.Denied} processes may not be looked at (a security module or hidepid): their namespaces may be missing",
                SourceNeeds.Unconfined | SourceNeeds.VisibleProcesses));
        }

        if (IsLive && _processes.Find(1) is { Command: "closewatch" or "pause" })
        {
            problem = problem.And(new("only this pod's processes are visible: hostPID is missing", SourceNeeds.HostProcesses));
        }

        return clock.Read("procfs", problem, namespaces);
    }

    private static NamespaceProcesses Processes(NamespaceTarget target, TimeSpan? uptime)
    {
        if (target.Live is not { } network)
        {
            return new NamespaceProcesses(target.Inode, "", []);
        }

        if (target.Memory.Groups is not { } known || known.Version != network.Version)
        {
            target.Memory.Groups = known = (network.Version,
            [
                .. network.Processes.GroupBy(static process => process.Owner)
                    .Select(static group => new ProcessGroup(group.Key, group.Count(), Started(group))),
            ]);
        }

        return new NamespaceProcesses(target.Inode, network.Name ?? "", known.Groups, uptime);
    }

    private static TimeSpan Started(IEnumerable<NamespaceProcess> processes) =>
        TimeSpan.FromSeconds(processes.Min(static process => process.StartTicks) / TicksPerSecond);

    private static Dictionary<string, KubernetesPod> ByUid(KubernetesView? kubernetes)
    {
        var pods = new Dictionary<string, KubernetesPod>(StringComparer.Ordinal);
        foreach (var pod in kubernetes?.Pods ?? [])
        {
            pods[pod.Uid] = pod;
            if (pod.ConfigHash is { } hash)
            {
                pods[hash] = pod;
            }
        }

        return pods;
    }

    /// <summary>
    /// Pods before everything else, the youngest first: an address that two namespaces have belongs to the one that got it last.
    /// </summary>
    private AddressIndex Addresses(TimeSpan now, ImmutableArray<NamespaceTarget> targets, ImmutableArray<Owner> owners)
    {
        var index = new AddressIndex();
        var inOrder = Enumerable.Range(0, owners.Length)
            .Where(owner => !owners[owner].HostNetwork)
            .OrderByDescending(owner => owners[owner].Identity.Kind == PodKind.Pod)
            .ThenBy(owner => owners[owner].Running ?? TimeSpan.MaxValue);
        foreach (var owner in inOrder)
        {
            var target = targets[owners[owner].NamespaceIndex];
            // Those of a namespace that must be entered are read there.
            if (target.NetPath is not null && (target.Memory.AddressesAreDue(now) || owner == Owner.HostIndex))
            {
                target.Memory.SetAddresses(ReadAddresses(target), now);
            }

            foreach (var address in target.Memory.Addresses)
            {
                index.TryAdd(address, owner);
            }

            foreach (var address in owners[owner].Kubernetes?.Addresses ?? [])
            {
                index.TryAdd(address, owner);
            }
        }

        return index;
    }

    private ImmutableArray<Kernel.Net.IpAddress> ReadAddresses(NamespaceTarget target)
    {
        var addresses = new List<Kernel.Net.IpAddress>();
        try
        {
            return _tables.ReadAddresses(target.NetPath!, addresses) ? [.. addresses] : target.Memory.Addresses;
        }
        catch (KernelException)
        {
            // What keeps the addresses from being read keeps the sockets from being read too, and is told there.
            return target.Memory.Addresses;
        }
    }

    private bool BridgeIsTracked()
    {
        Span<byte> text = stackalloc byte[16];
        try
        {
            var path = $"{_collection.ProcRoot}/sys/net/bridge/bridge-nf-call-iptables";
            return ProcFile.TryRead(path, text, out var length) && length > 0 && text[0] == (byte)'1';
        }
        catch (KernelException)
        {
            return false;
        }
    }

    private TimeSpan? Uptime()
    {
        Span<byte> text = stackalloc byte[64];
        return ProcFile.TryRead($"{_collection.ProcRoot}/uptime", text, out var length)
            && double.TryParse(Encoding.ASCII.GetString(text[..length]).Split(' ')[0], CultureInfo.InvariantCulture, out var seconds)
                ? TimeSpan.FromSeconds(seconds)
                : null;
    }
}
