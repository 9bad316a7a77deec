using System.Collections.Immutable;
using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Kernel.Namespaces;
using Agent.Tests.Core.Tallies;
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
    public void Resolve_PodInTheHostsNamespace_HasTheProgramsOfItsContainersAndNoOthers()
    {
        var owners = Resolve(
        [
            Network(
                1,
                Group(CgroupOwnerKind.Pod, Uid, "a") with { Programs = ["node", "sh"] },
                Group(CgroupOwnerKind.Pod, Uid, "b") with { Programs = ["envoy", "sh"] },
                Group(CgroupOwnerKind.Pod, "other", "c") with { Programs = ["gunicorn"] }),
        ]);

        Assert.Equal(["envoy", "node", "sh"], owners.Single(static owner => owner.Identity.Uid == Uid).HostPrograms);
    }

    /// <summary>A pod's first container is its sandbox, which replaces nothing; in the host's namespace only its own processes count.</summary>
    [Fact]
    public void Resolve_NewestWorker_IsThatOfAnyOfItsContainers()
    {
        static ProcessGroup Started(string uid, string container, double? seconds) => Group(CgroupOwnerKind.Pod, uid, container) with
        {
            NewestWorkerAfterBoot = seconds is { } at ? TimeSpan.FromSeconds(at) : null,
        };
        var owners = Resolve(
        [
            Network(1, Started("shared", "a", 7), Started("shared", "b", 40), Started("shared", "c", null), Started("other", "d", 90)) with { Uptime = TimeSpan.FromSeconds(100) },
            Network(2, Started(Uid, "a", null), Started(Uid, "b", 30), Started(Uid, "c", 20)) with { Uptime = TimeSpan.FromSeconds(100) },
            Network(3, Group(CgroupOwnerKind.None, "") with { NewestWorkerAfterBoot = TimeSpan.FromSeconds(99) }) with { Uptime = TimeSpan.FromSeconds(100) },
        ]);

        Assert.Equal(
            [("", null), ("shared", 60), ("other", 10), (Uid, 70), ("netns", 1)],
            owners.Select(static owner => (owner.Identity.Kind == PodKind.NetworkNamespace ? "netns" : owner.Identity.Uid, owner.NewestWorkerRunning?.TotalSeconds)));
    }

    [Fact]
    public void Resolve_ManyProgramsInTheHostsNamespace_AreCut()
    {
        var groups = Enumerable.Range(0, 40).Select(static number => Group(CgroupOwnerKind.Pod, Uid, $"{number}") with { Programs = [$"p{number:d2}"] });

        Assert.Equal(ProcessGroup.MaxPrograms, Resolve([Network(1, [.. groups])])[1].HostPrograms.Length);
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
    public void Resolve_SecondNamespaceOfAPod_CountsForItAndIsNotThePrimaryOneWhateverItsNumber()
    {
        var owners = Resolve([Network(1), Network(2, Pod(since: 9)), Network(3, Pod(since: 2)), Network(4, Pod(since: 5))]);

        var pod = owners.Single(static owner => owner.Identity.Kind == PodKind.Pod);
        Assert.Equal([2, 3, 1], pod.Namespaces);
        Assert.Equal(2, owners.Length);
    }

    [Fact]
    public void Resolve_ApiKnowsTheAddress_ItsNamespaceIsThePrimaryOne()
    {
        var address = Make.Address("10.244.0.7");
        var api = new KubernetesPod { Namespace = "shop", Name = "web-0", Uid = Uid, Addresses = [address] };
        var owners = OwnerResolver.Resolve(
            [Network(1), Network(2, Pod(since: 2)), Network(3, Pod(since: 5)) with { Addresses = [address] }], new PodRegistry([api], s_names));

        Assert.Equal([2, 1], owners[1].Namespaces);
    }

    [Fact]
    public void Resolve_ProcessOfAPodInTheHostsNamespace_DoesNotMakeItHostNetwork()
    {
        var owners = Resolve([Network(1, Pod(since: 8)), Network(2, Pod(since: 3))]);

        Assert.False(owners[1].HostNetwork);
        Assert.Equal([1, 0], owners[1].Namespaces);
        Assert.True(owners[1].SharesHost);
    }

    [Fact]
    public void Resolve_HostNetworkPodThatMadeANamespace_StaysHostNetwork()
    {
        var owners = Resolve([Network(1, Pod(since: 3)), Network(2, Pod(since: 8))]);

        Assert.True(owners[1].HostNetwork);
        Assert.Equal([0, 1], owners[1].Namespaces);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Resolve_ApiSaysWhetherHostNetwork_DecidesWhateverIsOldest(bool hostNetwork)
    {
        var api = new KubernetesPod { Namespace = "shop", Name = "web-0", Uid = Uid, HostNetwork = hostNetwork };
        var (inHost, inOwn) = hostNetwork ? (8, 3) : (3, 8);
        var owners = OwnerResolver.Resolve([Network(1, Pod(inHost)), Network(2, Pod(inOwn))], new PodRegistry([api], s_names));

        Assert.Equal(hostNetwork, owners[1].HostNetwork);
        Assert.Equal(hostNetwork ? 0 : 1, owners[1].NamespaceIndex);
    }

    [Fact]
    public void Resolve_OwnNetworkByTheApiButNoneYet_IsNobodyYet()
    {
        var api = new KubernetesPod { Namespace = "shop", Name = "web-0", Uid = Uid };
        Assert.Single(OwnerResolver.Resolve([Network(1, Pod(since: 3))], new PodRegistry([api], s_names)));
    }

    [Fact]
    public void Resolve_PodThatEntersAnothers_DoesNotTakeIt()
    {
        const string other = "22222222-2222-4222-8222-222222222222";
        var intruder = new ProcessGroup(new CgroupOwner(CgroupOwnerKind.Pod, other, "x"), 50, TimeSpan.FromSeconds(9));
        var owners = Resolve([Network(1), Network(2, intruder, Pod(since: 3)), Network(3, intruder with { StartedAfterBoot = TimeSpan.FromSeconds(2) })]);

        Assert.Equal([1], owners.Single(static owner => owner.Identity.Uid == Uid).Namespaces);
        Assert.Equal([2], owners.Single(static owner => owner.Identity.Uid == other).Namespaces);
    }

    private static ImmutableArray<Owner> Resolve(ImmutableArray<NamespaceProcesses> namespaces) =>
        OwnerResolver.Resolve(namespaces, new PodRegistry([], s_names));

    private static NamespaceProcesses Network(ulong inode, params ProcessGroup[] groups) => new(inode, "", [.. groups]);

    private static ProcessGroup Pod(int since) => new(new CgroupOwner(CgroupOwnerKind.Pod, Uid, "c"), 1, TimeSpan.FromSeconds(since));

    private static ProcessGroup Group(CgroupOwnerKind kind, string uid, string container = "") =>
        new(new CgroupOwner(kind, uid, container), 1, TimeSpan.FromSeconds(1));
}
