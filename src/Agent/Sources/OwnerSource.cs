using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Agent.Configuration;
using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Kernel;
using Agent.Kernel.Namespaces;
using Agent.Kernel.Net;
using Agent.Kernel.ProcFs;
using Agent.Kubernetes;

namespace Agent.Sources;

/// <summary>Finds out who owns each network namespace and each address of the node.</summary>
internal sealed class OwnerSource(CollectionOptions collection, PodsOptions pods, TimeProvider time)
{
    private const double TicksPerSecond = 100;

    private readonly PodNames _names = new(pods.LogRoot, time);
    private readonly NetDirectory _tables = new();

    /// <summary>Names the owners of a scan.</summary>
    /// <param name="targets">The namespaces, the host's first.</param>
    /// <param name="now">Monotonic time of the scan.</param>
    /// <param name="kubernetes">What the API server says; null without it.</param>
    /// <param name="sources">Receives the report.</param>
    public NodeLayout Find(ImmutableArray<NamespaceTarget> targets, TimeSpan now, KubernetesView? kubernetes, SourceReports sources)
    {
        var clock = new SourceClock(SourceNames.Pods, time);
        var refusal = _names.Refresh();
        RefreshAddresses(targets, now);
        var uptime = Uptime();
        var owners = OwnerResolver.Resolve(
            [.. targets.Select(target => Processes(target, uptime))], new PodRegistry(kubernetes?.Pods ?? [], _names.ByUid));
        var routes = HostRoutes(targets[Owner.HostNamespaceIndex]);
        var claims = AddressClaims.Resolve(owners, index => targets[index].Memory.Addresses, routes);
        sources.Add(PodNames.Report(clock, owners, refusal, Conflicts(claims, owners).And(Cut(targets, owners))));
        return new NodeLayout
        {
            Namespaces = Namespaces(targets, owners),
            Owners = owners,
            Addresses = claims.Index,
            HostRoutes = routes,
            BridgeIsTracked = BridgeIsTracked(),
        };
    }

    private static ImmutableArray<NamespaceScan> Namespaces(ImmutableArray<NamespaceTarget> targets, ImmutableArray<Owner> owners)
    {
        var ownerIndices = new int[targets.Length];
        for (var owner = 0; owner < owners.Length; owner++)
        {
            foreach (var index in owners[owner].Namespaces)
            {
                ownerIndices[index] = index == Owner.HostNamespaceIndex ? Owner.HostIndex : owner;
            }
        }

        return [.. targets.Select((target, index) => new NamespaceScan(target, ownerIndices[index], index == Owner.HostNamespaceIndex))];
    }

    private static NamespaceProcesses Processes(NamespaceTarget target, TimeSpan? uptime)
    {
        if (target.Live is not { } network)
        {
            return new NamespaceProcesses(target.Inode, "", []) { Instance = target.Instance, Addresses = target.Memory.Addresses };
        }

        if (target.Memory.Groups is not { } known || (known.Network, known.Version) != (network, network.Version))
        {
            target.Memory.Groups = known = (network, network.Version,
            [
                .. network.Processes.GroupBy(static process => process.Owner)
                    .Select(group => new ProcessGroup(group.Key, group.Count(), Started(group))
                    {
                        Programs = network.IsHost && group.Key.Kind != CgroupOwnerKind.None ? NamespaceMemory.ProgramsOf(group) : [],
                        NewestWorkerAfterBoot = network.IsHost && group.Key.Kind == CgroupOwnerKind.None ? null : NewestWorker(group),
                    }),
            ]);
        }

        return new NamespaceProcesses(target.Inode, network.Name ?? "", known.Groups, uptime)
        {
            Instance = target.Instance,
            Addresses = target.Memory.Addresses,
        };
    }

    private static TimeSpan Started(IEnumerable<NamespaceProcess> processes) =>
        TimeSpan.FromSeconds(processes.Min(static process => process.StartTicks) / TicksPerSecond);

    private static TimeSpan? NewestWorker(IEnumerable<NamespaceProcess> processes)
    {
        ulong? newest = null;
        foreach (var program in processes.GroupBy(static process => process.Command, StringComparer.Ordinal))
        {
            var (oldest, latest) = (program.Min(static process => process.StartTicks), program.Max(static process => process.StartTicks));
            newest = latest > oldest && !(latest <= newest) ? latest : newest;
        }

        return newest is { } ticks ? TimeSpan.FromSeconds(ticks / TicksPerSecond) : null;
    }

    private static SourceProblem Conflicts(AddressClaims claims, ImmutableArray<Owner> owners)
    {
        if (claims.Conflicts.Count == 0)
        {
            return SourceProblem.None;
        }

        var examples = claims.Conflicts.Take(3).Select(conflict =>
            $"{conflict.Address} is counted for {owners[conflict.OwnerIndex].Identity.DisplayName}, "
            + $"and {owners[conflict.OtherIndex].Identity.DisplayName} has it too");
        var more = claims.ConflictCount > 3 ? $" ({claims.ConflictCount} addresses in all)" : "";
        return new($"addresses that two have: {string.Join("; ", examples)}{more}", SourceNeeds.None);
    }

    /// <summary>Namespaces with more addresses than are kept.</summary>
    private static SourceProblem Cut(ImmutableArray<NamespaceTarget> targets, ImmutableArray<Owner> owners)
    {
        var cut = targets.Count(static target => target.Memory.AddressesAreCut);
        if (cut == 0)
        {
            return SourceProblem.None;
        }

        var first = owners.First(owner => owner.Namespaces.Any(index => targets[index].Memory.AddressesAreCut));
        return new(
            $"{cut} network namespaces, one of them of {first.Identity.DisplayName}, have more addresses than are read: "
            + "entries of the others count for nobody",
            SourceNeeds.None);
    }

    private void RefreshAddresses(ImmutableArray<NamespaceTarget> targets, TimeSpan now)
    {
        for (var index = 0; index < targets.Length; index++)
        {
            var (netPath, memory) = (targets[index].NetPath, targets[index].Memory);
            // Those of a namespace that must be entered are read there.
            if (netPath is not null && (memory.AddressesAreDue(now) || index == Owner.HostNamespaceIndex))
            {
                memory.SetAddresses(ReadAddresses(netPath, index == Owner.HostNamespaceIndex), now);
            }
        }
    }

    private LocalAddresses? ReadAddresses(string netPath, bool isHost)
    {
        var addresses = isHost ? LocalAddresses.OfHost() : LocalAddresses.OfPod();
        try
        {
            return _tables.ReadAddresses(netPath, addresses) ? addresses : null;
        }
        catch (KernelException)
        {
            // What keeps the addresses from being read keeps the sockets from being read too, and is told there.
            return null;
        }
    }

    private RouteSet HostRoutes(NamespaceTarget host)
    {
        var routes = new List<IpNetwork>();
        try
        {
            if (host.NetPath is { } netPath)
            {
                _tables.ReadRoutes(netPath, routes);
            }

            return new RouteSet(routes);
        }
        catch (KernelException)
        {
            // Without routes nothing is taken to be the node's to track unless its table shows it.
            return RouteSet.None;
        }
    }

    private bool BridgeIsTracked()
    {
        Span<byte> text = stackalloc byte[16];
        try
        {
            var path = $"{collection.ProcRoot}/sys/net/bridge/bridge-nf-call-iptables";
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
        return ProcFile.TryRead($"{collection.ProcRoot}/uptime", text, out var length)
            && double.TryParse(Encoding.ASCII.GetString(text[..length]).Split(' ')[0], CultureInfo.InvariantCulture, out var seconds)
                ? TimeSpan.FromSeconds(seconds)
                : null;
    }
}
