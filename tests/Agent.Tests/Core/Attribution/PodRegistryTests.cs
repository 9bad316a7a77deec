using Agent.Core.Attribution;
using Agent.Core.Model;
using Xunit;

namespace Agent.Tests.Core.Attribution;

public sealed class PodRegistryTests
{
    private const string VictimUid = "11111111-1111-4111-8111-111111111111";
    private const string Hash = "0123456789abcdef0123456789abcdef";

    private static readonly KubernetesPod s_victim = Pod("shop", "web-0", VictimUid);
    private static readonly KubernetesPod s_mirror = Pod("kube-system", "etcd-node-1", "22222222-2222-4222-8222-222222222222", Hash);

    [Fact]
    public void Identify_PodWithTheHashOfAnothersUid_DoesNotTakeItsName()
    {
        var attacker = Pod("evil", "thief", "33333333-3333-4333-8333-333333333333", VictimUid);
        foreach (var pods in (PodRegistry[])[Registry([attacker, s_victim]), Registry([s_victim, attacker])])
        {
            Assert.Equal(new PodIdentity(PodKind.Pod, "shop", "web-0", VictimUid), pods.Identify(VictimUid));
            Assert.Same(s_victim, pods.Find(VictimUid));
        }
    }

    [Fact]
    public void Identify_MirrorPod_IsFoundByItsHash()
    {
        Assert.Equal(new PodIdentity(PodKind.Pod, "kube-system", "etcd-node-1", Hash), Registry([s_mirror]).Identify(Hash));
        Assert.Same(s_mirror, Registry([s_mirror]).Find(Hash));
    }

    [Fact]
    public void Identify_TwoClaimTheHash_TheKubeletsDirectoryDecides()
    {
        var attacker = Pod("evil", "etcd-node-1", "33333333-3333-4333-8333-333333333333", Hash);
        foreach (var pods in (PodRegistry[])[Registry([attacker, s_mirror], (Hash, "kube-system", "etcd-node-1")), Registry([s_mirror, attacker], (Hash, "kube-system", "etcd-node-1"))])
        {
            Assert.Equal("kube-system/etcd-node-1", pods.Identify(Hash).DisplayName);
            Assert.Same(s_mirror, pods.Find(Hash));
        }

        // The true one is not in the API, yet: the claim of the other is no better for that.
        var alone = Registry([attacker], (Hash, "kube-system", "etcd-node-1"));
        Assert.Equal("kube-system/etcd-node-1", alone.Identify(Hash).DisplayName);
        Assert.Null(alone.Find(Hash));
    }

    [Fact]
    public void Identify_TwoClaimTheHashAndNothingDecides_IsNeither()
    {
        var attacker = Pod("evil", "thief", "33333333-3333-4333-8333-333333333333", Hash);
        var pods = Registry([attacker, s_mirror]);

        Assert.Equal($"pod:{Hash}", pods.Identify(Hash).DisplayName);
        Assert.Null(pods.Find(Hash));
    }

    private static PodRegistry Registry(KubernetesPod[] pods, params (string Uid, string Namespace, string Name)[] directories) =>
        new([.. pods], directories.ToDictionary(static directory => directory.Uid, static directory => (directory.Namespace, directory.Name)));

    private static KubernetesPod Pod(string podNamespace, string name, string uid, string? hash = null) =>
        new() { Namespace = podNamespace, Name = name, Uid = uid, ConfigHash = hash };
}
