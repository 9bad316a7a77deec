using System.Text;
using Agent.Core.Attribution;
using Agent.Kernel.Namespaces;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Attribution;

public sealed class CgroupClassifierTests
{
    private const string Uid = "8712f785-1a3e-41ec-a00b-e2dcc77431cb";
    private const string Uid_ = "8712f785_1a3e_41ec_a00b_e2dcc77431cb";
    private const string Hash = "487a0dc6dccaeefbcfedba7a7ce1ca18";
    private const string Id = "73051af271105c07e1f493b34856a77e665e3b0b4fc72f76c807dfbffeb881bd";
    private const string Node = "8afe480d66074930353da456a1344caca810fe31c1e31f6e08c95a66887235d6";

    [Theory]
    // cgroupfs driver
    [InlineData($"/kubepods/pod{Uid}/{Id}")]
    [InlineData($"/kubepods/burstable/pod{Uid}/{Id}")]
    [InlineData($"/kubepods/besteffort/pod{Uid}/{Id}/init.scope")]
    [InlineData($"/kubepods/burstable/pod{Uid}/{Id}/kube-proxy")]
    // systemd driver
    [InlineData($"/kubepods.slice/kubepods-pod{Uid_}.slice/docker-{Id}.scope")]
    [InlineData($"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{Uid_}.slice/cri-containerd-{Id}.scope")]
    [InlineData($"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{Uid_}.slice/crio-{Id}.scope")]
    [InlineData($"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{Uid_}.slice/crio-{Id}.scope/container/init.scope")]
    [InlineData($"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{Uid}.slice/docker-{Id}.scope")]
    [InlineData($"/system.slice/containerd.service/kubepods-besteffort-pod{Uid_}.slice:cri-containerd:{Id}")]
    // a node that is itself a container
    [InlineData($"/docker/{Node}/kubelet/kubepods/besteffort/pod{Uid}/{Id}")]
    [InlineData($"/docker/{Node}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod{Uid_}.slice/cri-containerd-{Id}.scope")]
    [InlineData($"/system.slice/docker-{Node}.scope/kubepods/burstable/pod{Uid}/{Id}")]
    [InlineData($"/ecs/545b896a072744d186c7fb09a45ec172/545b896a072744d186c7fb09a45ec172-3057940393/kubepods/burstable/pod{Uid}/{Id}")]
    [InlineData($"/podruntime/kubepods/pod{Uid}/{Id}")]
    // seen from inside another cgroup namespace
    [InlineData($"/../../pod{Uid}/{Id}")]
    [InlineData($"/../../kubepods-besteffort-pod{Uid_}.slice/docker-{Id}.scope")]
    [InlineData($"/../../../kubepods-besteffort.slice/kubepods-besteffort-pod{Uid_}.slice/cri-containerd-{Id}.scope")]
    public void Classify_PathOfAPod_GivesUidAndContainer(string path)
    {
        var expected = new CgroupOwner(CgroupOwnerKind.Pod, Uid, Id);

        Assert.Equal(expected, Classify($"0::{path}\n"));
        Assert.Equal(expected, Classify($"9:cpu,cpuacct:{path}\n"));
        Assert.Equal(expected, Classify($"12:rdma:/\n3:name=systemd:{path}\n0::/system.slice/containerd.service\n"));
        Assert.Equal(expected, Classify($"0::/reserved.slice/containerd.service\n5:memory:{path}"));
    }

    [Theory]
    [InlineData($"/kubepods/burstable/pod{Hash}/{Id}")]
    [InlineData($"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{Hash}.slice/cri-containerd-{Id}.scope")]
    public void Classify_StaticPod_KeepsTheHash(string path) => Assert.Equal(new(CgroupOwnerKind.Pod, Hash, Id), Classify($"0::{path}\n"));

    [Theory]
    [InlineData($"/kubepods/burstable/pod{Uid}")]
    [InlineData($"/kubepods.slice/kubepods-pod{Uid_}.slice")]
    [InlineData($"/kubepods.slice/kubepods-pod{Uid_}.slice/init.scope")]
    public void Classify_PodWithoutContainer_HasNoContainerId(string path) => Assert.Equal(new(CgroupOwnerKind.Pod, Uid, ""), Classify($"0::{path}\n"));

    [Theory]
    [InlineData($"/kubepods.slice/kubepods-pod{Uid_}.slice/crio-conmon-{Id}.scope")]
    [InlineData($"/kubepods/pod{Uid}/crio-conmon-{Id}")]
    [InlineData($"/machine.slice/libpod-conmon-{Id}.scope")]
    public void Classify_Monitor_BelongsToNobody(string path) => Assert.Same(CgroupOwner.None, Classify($"0::{path}\n"));

    [Theory]
    [InlineData($"/docker/{Id}", Id)]
    [InlineData($"/docker/{Node}/docker/{Id}", Id)]
    [InlineData($"/docker/{Node}/system.slice/containerd.service", Node)]
    [InlineData($"/system.slice/docker-{Id}.scope", Id)]
    [InlineData($"/machine.slice/libpod-{Id}.scope/container", Id)]
    [InlineData($"/k8s.io/{Id}", Id)]
    [InlineData($"/../cri-containerd-{Id}.scope", Id)]
    [InlineData($"/../{Id}", Id)]
    [InlineData("/ecs/34dc0b5e626f2c5c4c5170e34b10e765/34dc0b5e626f2c5c4c5170e34b10e765-1234567890", "34dc0b5e626f2c5c4c5170e34b10e765-1234567890")]
    [InlineData("/lxc/web1/init.scope", "web1")]
    [InlineData("/lxc.payload.web1/system.slice/ssh.service", "web1")]
    [InlineData("/garden/6f265890-5165-7fab-6b52-18d1", "6f265890-5165-7fab-6b52-18d1")]
    public void Classify_ContainerThatIsNoPod_GivesItsId(string path, string id) => Assert.Equal(new(CgroupOwnerKind.Container, "", id), Classify($"0::{path}\n"));

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("0::/\n")]
    [InlineData("0::/../..\n")]
    [InlineData("0::/init.scope\n")]
    [InlineData("0::/system.slice/kubelet.service\n")]
    [InlineData("0::/kubepods.slice\n")]
    [InlineData("0::/kubepods.slice/kubepods-burstable.slice\n")]
    [InlineData("0::/podruntime/runtime\n")]
    [InlineData("0::/user.slice/user-1000.slice/user@1000.service/app.slice/podman.service\n")]
    [InlineData("no colons at all")]
    [InlineData("1:name=systemd")]
    [InlineData("0::/lxc\n")]
    [InlineData("0::/kubepods/pod\n")]
    [InlineData("0::/kubepods.slice/kubepods-pod.slice\n")]
    [InlineData($"0::/pod{Uid}x/{Uid}\n")]
    public void Classify_AnythingElse_BelongsToNobody(string text) => Assert.Same(CgroupOwner.None, Classify(text));

    [Fact]
    public void Classify_OwnerMetBefore_IsTheSameObjectWithoutAllocation()
    {
        var classifier = new CgroupClassifier();
        var text = Encoding.UTF8.GetBytes($"12:rdma:/\n0::/kubepods.slice/kubepods-pod{Uid_}.slice/docker-{Id}.scope\n");
        var first = classifier.Classify(text);
        var second = CgroupOwner.None;

        Assert.Equal(0, Allocations.LeastOf(() => second = classifier.Classify(text)));
        Assert.Same(first, second);
    }

    [Fact]
    public void Classify_MoreOwnersThanAreKept_StaysRight()
    {
        var classifier = new CgroupClassifier();
        for (var i = 0; i < 20_000; i++)
        {
            var id = i.ToString("x64", System.Globalization.CultureInfo.InvariantCulture);
            Assert.Equal(new(CgroupOwnerKind.Container, "", id), classifier.Classify(Encoding.UTF8.GetBytes($"0::/docker/{id}\n")));
        }
    }

    [Fact]
    public void Classify_RandomText_NeverThrowsAndNeverInventsAnOwner()
    {
        var random = new Random(20_261_121);
        string[] pieces = ["0::", "1:cpu,cpuacct:", "/", "kubepods", ".slice", "-pod", "pod", Uid, Uid_, Id, "docker-", ".scope", ":", "\n", "..", "lxc", "-conmon-", "é", "\0", "cri-containerd"];
        var classifier = new CgroupClassifier();
        var text = new StringBuilder();
        for (var i = 0; i < RandomCases.Of(200_000); i++)
        {
            text.Clear();
            for (var n = random.Next(14); n > 0; n--)
            {
                text.Append(pieces[random.Next(pieces.Length)]);
            }

            var all = text.ToString();
            var owner = classifier.Classify(Encoding.UTF8.GetBytes(all));

            Assert.Equal(owner.Kind == CgroupOwnerKind.Pod, owner.PodUid.Length > 0);
            Assert.Contains(owner.ContainerId, all, StringComparison.Ordinal);
            Assert.Contains(owner.PodUid, all.Replace('_', '-'), StringComparison.Ordinal);
        }
    }

    private static CgroupOwner Classify(string text) => new CgroupClassifier().Classify(Encoding.UTF8.GetBytes(text));
}
