using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Model;
using Agent.Kernel.Namespaces;

namespace Agent.Core.Attribution;

/// <summary>Decides who owns each network namespace, and which pods and containers share the host's.</summary>
/// <remarks>
/// A namespace belongs to whoever was there first: a pod's to its sandbox, whatever enters it later. A pod may have made more of them
/// (a browser's sandbox, a container engine): all are its own. Which of them is the primary one, and whether that is the host's, says
/// the API server (spec.hostNetwork, podIPs) or else the oldest process, because nothing in a pod is older than its sandbox.
/// </remarks>
public static class OwnerResolver
{
    private const int ShortContainerIdLength = 12;

    /// <summary>Names the owners of a scan.</summary>
    /// <param name="namespaces">The host's first.</param>
    /// <param name="pods">Who the pods are.</param>
    /// <returns>Owners, the host first; every namespace but the host's is in exactly one of them.</returns>
    public static ImmutableArray<Owner> Resolve(ImmutableArray<NamespaceProcesses> namespaces, PodRegistry pods)
    {
        var owners = ImmutableArray.CreateBuilder<Owner>(namespaces.Length + 8);
        owners.Add(new Owner(PodIdentity.Host, [Owner.HostNamespaceIndex], false, null, null));
        var owned = new bool[namespaces.Length];
        owned[Owner.HostNamespaceIndex] = true;
        foreach (var claim in Claims(namespaces))
        {
            if (Create(claim, namespaces, pods) is { } owner)
            {
                owners.Add(owner);
                foreach (var index in owner.Namespaces)
                {
                    owned[index] = true;
                }
            }
        }

        for (var index = 0; index < namespaces.Length; index++)
        {
            if (!owned[index])
            {
                owners.Add(Unowned(namespaces[index], index));
            }
        }

        return owners.DrainToImmutable();
    }

    /// <summary>The name that a container which is no pod goes by.</summary>
    public static string ContainerName(string containerId) =>
        $"container:{(containerId.Length > ShortContainerIdLength ? containerId[..ShortContainerIdLength] : containerId)}";

    /// <summary>Who is in which namespaces: in the order of the namespaces, the host's first.</summary>
    private static List<Claim> Claims(ImmutableArray<NamespaceProcesses> namespaces)
    {
        var claims = new Dictionary<(CgroupOwnerKind, string), Claim>();
        var inOrder = new List<Claim>();
        for (var index = 0; index < namespaces.Length; index++)
        {
            var groups = namespaces[index].Groups.Where(static group => group.Owner.Kind != CgroupOwnerKind.None);
            foreach (var group in index == Owner.HostNamespaceIndex ? groups : groups.OrderBy(Seniority).Take(1))
            {
                var key = (group.Owner.Kind, group.Owner.Kind == CgroupOwnerKind.Pod ? group.Owner.PodUid : group.Owner.ContainerId);
                if (!claims.TryGetValue(key, out var claim))
                {
                    claims[key] = claim = new Claim(group.Owner);
                    inOrder.Add(claim);
                }

                claim.Add(index, group);
            }
        }

        return inOrder;

        static (TimeSpan, int, string, string) Seniority(ProcessGroup group) =>
            (group.StartedAfterBoot, -(int)group.Owner.Kind, group.Owner.PodUid, group.Owner.ContainerId);
    }

    /// <returns>Null for a pod that has its own network, of which only processes in the host's namespace are there yet.</returns>
    private static Owner? Create(Claim claim, ImmutableArray<NamespaceProcesses> namespaces, PodRegistry pods)
    {
        var pod = claim.Owner.Kind == CgroupOwnerKind.Pod ? pods.Find(claim.Owner.PodUid) : null;
        var hostNetwork = pod?.HostNetwork ?? claim.BeganInHost;
        if (!hostNetwork && claim.Own.Count == 0)
        {
            return null;
        }

        var own = claim.Own
            .OrderByDescending(place => pod is not null && namespaces[place.Index].Addresses.Any(pod.Addresses.Contains))
            .ThenBy(static place => place.StartedAfterBoot)
            .ThenBy(static place => place.Index)
            .ToArray();
        var ownIndices = own.Select(static place => place.Index);
        var uptime = namespaces[Owner.HostNamespaceIndex].Uptime;
        return new Owner(
            Identify(claim, hostNetwork ? namespaces[Owner.HostNamespaceIndex] : namespaces[own[0].Index], pods),
            hostNetwork ? [Owner.HostNamespaceIndex, .. ownIndices]
                : claim.InHostSince is null ? [.. ownIndices]
                : [.. ownIndices, Owner.HostNamespaceIndex],
            hostNetwork,
            pod,
            uptime - (hostNetwork ? claim.InHostSince ?? own[0].StartedAfterBoot : own[0].StartedAfterBoot))
        {
            HostPrograms = claim.HostPrograms,
            NewestWorkerRunning = uptime - (hostNetwork ? claim.NewestWorkerInHost
                : own.SelectMany(place => namespaces[place.Index].Groups).Max(static group => group.NewestWorkerAfterBoot)),
        };
    }

    private static PodIdentity Identify(Claim claim, NamespaceProcesses primary, PodRegistry pods) =>
        claim.Owner.Kind == CgroupOwnerKind.Pod
            ? pods.Identify(claim.Owner.PodUid)
            : Instance(PodKind.Container, ContainerName(claim.Owner.ContainerId), claim.Owner.ContainerId, primary);

    /// <summary>What has no uid is bound to its namespace, so that nothing is remembered of one for another of the same name.</summary>
    private static PodIdentity Instance(PodKind kind, string name, string id, NamespaceProcesses network) =>
        new(kind, "", name, string.Create(CultureInfo.InvariantCulture, $"{id}@{network.Instance:x}"));

    private static Owner Unowned(NamespaceProcesses network, int index)
    {
        var name = network.Name.Length > 0 ? network.Name : network.Inode.ToString(CultureInfo.InvariantCulture);
        var since = network.Groups.IsEmpty ? (TimeSpan?)null : network.Groups.Min(static group => group.StartedAfterBoot);
        return new Owner(Instance(PodKind.NetworkNamespace, $"netns:{name}", name, network), [index], false, null, network.Uptime - since)
        {
            NewestWorkerRunning = network.Uptime - network.Groups.Max(static group => group.NewestWorkerAfterBoot),
        };
    }

    /// <summary>One pod or container, and where its processes are.</summary>
    private sealed class Claim(CgroupOwner owner)
    {
        public CgroupOwner Owner { get; } = owner;

        /// <summary>When its oldest process in the host's namespace started; null when it has none there.</summary>
        public TimeSpan? InHostSince { get; private set; }

        /// <summary>The other namespaces in which it was first.</summary>
        public List<(int Index, TimeSpan StartedAfterBoot)> Own { get; } = [];

        /// <summary>True when nothing of it is older than what it has in the host's namespace.</summary>
        public bool BeganInHost => InHostSince is { } inHost && Own.TrueForAll(place => inHost <= place.StartedAfterBoot);

        /// <summary>What it runs in the host's namespace.</summary>
        public ImmutableArray<string> HostPrograms { get; private set; } = [];

        /// <summary>Of what it runs in the host's namespace: <see cref="ProcessGroup.NewestWorkerAfterBoot"/>.</summary>
        public TimeSpan? NewestWorkerInHost { get; private set; }

        public void Add(int index, ProcessGroup group)
        {
            if (index != Attribution.Owner.HostNamespaceIndex)
            {
                Own.Add((index, group.StartedAfterBoot));
                return;
            }

            InHostSince = InHostSince < group.StartedAfterBoot ? InHostSince : group.StartedAfterBoot;
            NewestWorkerInHost = NewestWorkerInHost > group.NewestWorkerAfterBoot ? NewestWorkerInHost
                : group.NewestWorkerAfterBoot ?? NewestWorkerInHost;
            HostPrograms = HostPrograms.IsEmpty ? group.Programs
                : [.. HostPrograms.Union(group.Programs).Order(StringComparer.Ordinal).Take(ProcessGroup.MaxPrograms)];
        }
    }
}
