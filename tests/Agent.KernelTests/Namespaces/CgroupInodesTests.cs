using Agent.Core.Attribution;
using Agent.Kernel.Namespaces;
using Agent.Kernel.SockDiag;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Namespaces;

public sealed class CgroupInodesTests
{
    private const string Uid = "8712f785-1a3e-41ec-a00b-e2dcc77431cb";
    private const string Id = "73051af271105c07e1f493b34856a77e665e3b0b4fc72f76c807dfbffeb881bd";

    [Fact]
    public void Find_SocketOfAPodsProcess_NamesThePod()
    {
        using var network = new NetworkNamespaceFixture();
        var inodes = new CgroupInodes("/sys/fs/cgroup", new CgroupClassifier().Classify);
        inodes.BeginScan();
        Assert.Null(inodes.Find(ulong.MaxValue));

        using var group = CgroupFixture.Create($"kubepods.slice/kubepods-pod{Uid.Replace('-', '_')}.slice/cri-containerd-{Id}.scope");
        using var listener = group.Listen(network);
        var socket = Assert.Single(network.Inside(() => SocketList.FromNetlink(TcpStates.Listen)));

        Assert.True(inodes.IsAvailable);
        Assert.True(socket.Has(TcpSocketFields.CgroupId));
        Assert.Null(inodes.Find(socket.CgroupId)); // one walk a scan
        inodes.BeginScan();
        Assert.Null(inodes.Find(ulong.MaxValue)); // known to be gone: no walk
        Assert.Equal(new(CgroupOwnerKind.Pod, Uid, Id), inodes.Find(socket.CgroupId));
        Assert.Contains(socket.CgroupId, inodes.Owners.Keys);
    }

    [Fact]
    public void Find_WithoutCgroup2_SaysSo()
    {
        var inodes = new CgroupInodes(Path.GetTempPath(), new CgroupClassifier().Classify);
        inodes.BeginScan();

        Assert.False(inodes.IsAvailable);
        Assert.Null(inodes.Find(1));
    }
}
