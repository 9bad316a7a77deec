using System.Collections.Immutable;
using System.Globalization;
using Agent.Core.Model;
using Agent.Kernel.Namespaces;

namespace Agent.Core.Attribution;

/// <summary>Decides who owns each network namespace, and which pods and containers share the host's.</summary>
public static class OwnerResolver
{
    private const int ShortContainerIdLength = 12;

    /// <summary>Names the owners of a scan.</summary>
    /// <param name="namespaces">The host's first.</param>
    /// <param name="namesByUid">Namespace and name of a pod by its uid, as the log directory tells.</param>
    /// <param name="podsByUid">The API's pods, by uid and by the config hash of static pods.</param>
    /// <returns>Owners, the host first; every namespace has exactly one owner that is not hostNetwork.</returns>
    public static ImmutableArray<Owner> Resolve(
        ImmutableArray<NamespaceProcesses> namespaces,
        IReadOnlyDictionary<string, (string Namespace, string Name)> namesByUid,
        IReadOnlyDictionary<string, KubernetesPod> podsByUid)
    {
        var owners = ImmutableArray.CreateBuilder<Owner>(namespaces.Length + 8);
        owners.Add(new Owner(PodIdentity.Host, 0, false, null, null));
        var taken = new HashSet<PodIdentity>();
        foreach (var group in Merge(namespaces[0].Groups))
        {
            if (group.Owner.Kind != CgroupOwnerKind.None && taken.Add(Identify(group.Owner)))
            {
                owners.Add(Create(group, namespaces[0], 0, hostNetwork: true));
            }
        }

        for (var index = 1; index < namespaces.Length; index++)
        {
            var network = namespaces[index];
            var group = Merge(network.Groups)
                .FirstOrDefault(candidate => candidate.Owner.Kind != CgroupOwnerKind.None && taken.Add(Identify(candidate.Owner)));
            owners.Add(group is not null
                ? Create(group, network, index, hostNetwork: false)
                : new Owner(
                    Unowned(network),
                    index,
                    false,
                    null,
                    network.Groups.IsEmpty ? null : network.Uptime - network.Groups.Min(static candidate => candidate.StartedAfterBoot)));
        }

        return owners.DrainToImmutable();

        Owner Create(ProcessGroup group, NamespaceProcesses network, int index, bool hostNetwork) =>
            new(
                Identify(group.Owner),
                index,
                hostNetwork,
                podsByUid.GetValueOrDefault(group.Owner.PodUid),
                network.Uptime - group.StartedAfterBoot);

        PodIdentity Identify(CgroupOwner owner)
        {
            if (owner.Kind == CgroupOwnerKind.Container)
            {
                return new PodIdentity(PodKind.Container, "", ContainerName(owner.ContainerId), "");
            }

            if (podsByUid.TryGetValue(owner.PodUid, out var pod))
            {
                return new PodIdentity(PodKind.Pod, pod.Namespace, pod.Name, owner.PodUid);
            }

            return namesByUid.TryGetValue(owner.PodUid, out var name)
                ? new PodIdentity(PodKind.Pod, name.Namespace, name.Name, owner.PodUid)
                : new PodIdentity(PodKind.Pod, "", $"pod:{owner.PodUid}", owner.PodUid);
        }
    }

    /// <summary>The name that a container which is no pod goes by.</summary>
    public static string ContainerName(string containerId) =>
        $"container:{(containerId.Length > ShortContainerIdLength ? containerId[..ShortContainerIdLength] : containerId)}";

    /// <summary>One group a pod or container: pods first, then who has most processes.</summary>
    private static IEnumerable<ProcessGroup> Merge(ImmutableArray<ProcessGroup> groups) =>
        groups
            .GroupBy(static group => (
                group.Owner.Kind,
                Key: group.Owner.Kind == CgroupOwnerKind.Pod ? group.Owner.PodUid : group.Owner.ContainerId))
            .Select(static same => new ProcessGroup(
                same.First().Owner,
                same.Sum(static group => group.Processes),
                same.Min(static group => group.StartedAfterBoot)))
            .OrderByDescending(static group => group.Owner.Kind)
            .ThenByDescending(static group => group.Processes)
            .ThenBy(static group => group.Owner.PodUid, StringComparer.Ordinal);

    private static PodIdentity Unowned(NamespaceProcesses network) => new(
        PodKind.NetworkNamespace,
        "",
        $"netns:{(network.Name.Length > 0 ? network.Name : network.Inode.ToString(CultureInfo.InvariantCulture))}",
        "");

}
