using System.Collections.Immutable;
using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Kernel.Namespaces;
using Xunit;

namespace Agent.Tests.Core.Attribution;

public sealed class OwnerResolverTests
{
    private const string Uid = "11111111-1111-4111-8111-111111111111";
    private const string ContainerId = "0123456789abcdef0123456789abcdef";

    private static readonly Dictionary<string, (string Namespace, string Name)> s_names = new() { [Uid] = ("shop", "web-0") };

    [Fact]
    public void Resolve_PodNamespace_HasItsNameFromTheLogDirectory()
    {
        var owners = Resolve([Network(1), Network(2, Group(CgroupOwnerKind.Pod, Uid), Group(CgroupOwnerKind.None, ""))]);

        Assert.Equal(PodIdentity.Host, owners[0].Identity);
        Assert.Equal(new PodIdentity(PodKind.Pod, "shop", "web-0", Uid), owners[1].Identity);
        Assert.Equal(1, owners[1].NamespaceIndex);
        Assert.False(owners[1].HostNetwork);
    }

    [Fact]
    public void Resolve_PodInTheHostsNamespace_IsHostNetworkOnce()
    {
        var owners = Resolve([Network(1, Group(CgroupOwnerKind.Pod, Uid, "a"), Group(CgroupOwnerKind.Pod, Uid, "b"))]);

        Assert.Equal(2, owners.Length);
        Assert.True(owners[1].HostNetwork);
        Assert.Equal(0, owners[1].NamespaceIndex);
    }

    [Fact]
    public void Resolve_UnknownPod_KeepsItsUidAsName() =>
        Assert.Equal("pod:other", Resolve([Network(1), Network(2, Group(CgroupOwnerKind.Pod, "other"))])[1].Identity.DisplayName);

    [Fact]
    public void Resolve_ContainerThatIsNoPod_HasTwelveCharacters() =>
        Assert.Equal("container:0123456789ab", Resolve([Network(1), Network(2, Group(CgroupOwnerKind.Container, "", ContainerId))])[1].Identity.Name);

    [Fact]
    public void Resolve_NamespaceOfNobody_IsNamedByNameOrInode()
    {
        var owners = Resolve([Network(1), new NamespaceProcesses(2, "blue", []), new NamespaceProcesses(77, "", [Group(CgroupOwnerKind.None, "")])]);
        Assert.Equal("netns:blue", owners[1].Identity.Name);
        Assert.Equal("netns:77", owners[2].Identity.Name);
    }

    [Fact]
    public void Resolve_SecondNamespaceOfAPod_DoesNotTakeItsName()
    {
        var owners = Resolve([Network(1), Network(2, Group(CgroupOwnerKind.Pod, Uid)), Network(3, Group(CgroupOwnerKind.Pod, Uid))]);
        Assert.Equal("shop/web-0", owners[1].Identity.DisplayName);
        Assert.Equal("netns:3", owners[2].Identity.DisplayName);
    }

    [Fact]
    public void Resolve_StaticPodByConfigHash_TakesTheApisName()
    {
        var pod = new KubernetesPod { Namespace = "kube-system", Name = "etcd-node", Uid = "real-uid", ConfigHash = "cafe" };
        var owners = OwnerResolver.Resolve(
            [Network(1, Group(CgroupOwnerKind.Pod, "cafe"))],
            s_names,
            new Dictionary<string, KubernetesPod> { ["cafe"] = pod });

        Assert.Equal("kube-system/etcd-node", owners[1].Identity.DisplayName);
        Assert.Same(pod, owners[1].Kubernetes);
    }

    private static ImmutableArray<Owner> Resolve(ImmutableArray<NamespaceProcesses> namespaces) =>
        OwnerResolver.Resolve(namespaces, s_names, new Dictionary<string, KubernetesPod>());

    private static NamespaceProcesses Network(ulong inode, params ProcessGroup[] groups) => new(inode, "", [.. groups]);

    private static ProcessGroup Group(CgroupOwnerKind kind, string uid, string container = "") =>
        new(new CgroupOwner(kind, uid, container), 1, TimeSpan.FromSeconds(1));
}
