using Agent.Configuration;
using Agent.Sources;
using Xunit;

namespace Agent.Tests.Agent.Sources;

public sealed class HostDirectoriesTests : IDisposable
{
    private static readonly PodsOptions s_usual = new();

    private readonly string _root = Directory.CreateTempSubdirectory("closewatch-test-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Locate_ContainerWithTheRootAtHost_FindsBothThere()
    {
        Make("host/sys/fs/cgroup", "host/var/log/pods", "init/sys/fs/cgroup", "init/var/log/pods");
        var found = Locate(s_usual);
        Assert.Equal($"{_root}/host/sys/fs/cgroup", found.CgroupRoot);
        Assert.Equal(Directory.Exists(s_usual.LogRoot) ? s_usual.LogRoot : $"{_root}/host/var/log/pods", found.LogRoot);
    }

    [Fact]
    public void Locate_ContainerWithTheNodesProcesses_FindsBothThroughTheFirst()
    {
        Make("init/sys/fs/cgroup", "init/var/log/pods");
        var found = Locate(s_usual);
        Assert.Equal($"{_root}/init/sys/fs/cgroup", found.CgroupRoot);
        Assert.Equal(Directory.Exists(s_usual.LogRoot) ? s_usual.LogRoot : $"{_root}/init/var/log/pods", found.LogRoot);
    }

    [Fact]
    public void Locate_NeitherIsThere_StaysAsItIs() => Assert.Equal(s_usual, Locate(s_usual));

    [Fact]
    public void Locate_NotInAContainer_StaysAsItIs()
    {
        Make("host/sys/fs/cgroup", "host/var/log/pods");
        Assert.Equal(s_usual, HostDirectories.Locate(s_usual, $"{_root}/host", $"{_root}/init", inContainer: false));
    }

    [Fact]
    public void Locate_ConfiguredOnes_AreTakenEvenIfMissing()
    {
        Make("host/sys/fs/cgroup", "host/var/log/pods", "host/mine");
        var configured = s_usual with { CgroupRoot = "/mine", LogRoot = "/mine" };
        Assert.Equal(configured, Locate(configured));
    }

    [Fact]
    public void Locate_CapturedTree_StaysAsItIs()
    {
        Make("proc/1/root/sys/fs/cgroup");
        Assert.Equal(s_usual, HostDirectories.Locate(s_usual, $"{_root}/proc"));
    }

    private PodsOptions Locate(PodsOptions pods) => HostDirectories.Locate(pods, $"{_root}/host", $"{_root}/init", inContainer: true);

    private void Make(params string[] directories) => Array.ForEach(directories, directory => Directory.CreateDirectory(Path.Combine(_root, directory)));
}
