using Agent.Core.Attribution;
using Agent.Kernel.Namespaces;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Attribution;

/// <summary>Files of real nodes, which are not part of the repository: kind, pod uid (its first 8 characters) and container id (likewise).</summary>
public sealed class CgroupFixtureTests
{
    [Theory]
    [InlineData("appinsights_TestCGroup", "Pod 3775c228 b414a8fd")]
    [InlineData("coroot_100", "None")]
    [InlineData("coroot_1000", "None")]
    [InlineData("coroot_2000", "Pod 8833712d 95cbe853")] // the v2 line names the runtime's service
    [InlineData("coroot_300", "Pod 6a4ce4a0 17db96a2")]
    [InlineData("coroot_400", "Pod 8712f785 73051af2")]
    [InlineData("coroot_550", "None")]
    [InlineData("coroot_600", "None")]
    [InlineData("ddgo_01_TestReadContainerID", "Pod fd52ef25 8c046cb0")]
    [InlineData("ddgo_02_TestReadContainerID", "Container - 34dc0b5e")]
    [InlineData("ddgo_03_TestReadContainerID", "Container - 6f265890")]
    [InlineData("fabric8_negative_1", "None")]
    [InlineData("fabric8_positive_4", "Container - 3dd98808")]
    [InlineData("fabric8_positive_5", "Container - 3dd98808")]
    [InlineData("fabric8_positive_6", "Pod 9c26dfb6 3dd98808")]
    [InlineData("fabric8_positive_7", "Container - 3dd98808")]
    [InlineData("insights_1", "Container - 55b2b88f")]
    [InlineData("insights_2", "Container - af097fa7")]
    [InlineData("kvisor_daemon_2", "Pod 676b0003 2c912ceb")] // kind, v1 and v2 side by side
    [InlineData("kvisor_proc_100", "None")]
    [InlineData("kvisor_proc_200", "Container - b43d92bf")]
    [InlineData("kvisor_proc_300", "Pod 6a4ce4a0 17db96a2")]
    [InlineData("kvisor_proc_500", "Container - ba7b10d1")]
    [InlineData("neuvector_01_TestDockerIDDebian", "Container - 4f797c53")]
    [InlineData("neuvector_04_TestDockerIDRancherOS", "Container - ec08435e")]
    [InlineData("neuvector_06_TestDockerIDKubepods2", "Pod 045b1e35 b5b6f2da")]
    [InlineData("neuvector_09_TestNsEnterProcess", "None")]
    [InlineData("neuvector_11_TestK8sBottleRocket", "Pod dd1bf9d1 f45298cd")]
    [InlineData("neuvector_13_TestK8sCrio_v1_17", "Pod 487a0dc6 7a1fd6fe")] // static pod
    [InlineData("neuvector_14_TestK8sContainerd_v1_2_13", "Pod a36d0c1d 5dd96d53")]
    [InlineData("neuvector_15_TestK8sContainerd_v1_4_4", "Pod 2105e389 d3d8ccf5")] // colon form
    [InlineData("neuvector_17_TestDocker_Host_ProcAny_Cgroupv2", "None")]
    [InlineData("neuvector_18_TestDockerNative_Container_Cgroupv2", "Container - 1f1d6e2d")]
    [InlineData("neuvector_19_TestDockerK8s_Ubuntu_Container_Cgroupv2", "Pod fd698699 2cc65c16")]
    [InlineData("neuvector_20_TestDockerK8s_Container_SelfProbe_Cgroupv2", "None")]
    [InlineData("neuvector_23_TestCrio_Container_SelfProbe_Cgroupv2", "Pod 395f906e 7b05b98b")]
    [InlineData("neuvector_25_TestCrio_CPath_Cgroupv2", "Pod 042efd86 f33f47b0")]
    [InlineData("neuvector_26_TestDockerK8s_CPath_SelfProbe_Cgroupv2", "None")]
    [InlineData("neuvector_28_TestContainerd_Container_Cgroupv2", "Pod 9493223b 25d057a4")]
    [InlineData("newrelic_docker-0.9.1", "Container - f37a7e4d")]
    [InlineData("newrelic_docker-1.1.2-native-driver-systemd", "Container - 67f98c9e")]
    [InlineData("newrelic_docker-1.3", "Container - 47cbd16b")]
    [InlineData("newrelic_docker-custom-prefix", "Container - e6aaf072")]
    [InlineData("newrelic_heroku", "Container - b6d196c1")]
    [InlineData("newrelic_ubuntu-14.04-lxc-container", "Container - p1")]
    [InlineData("obi_01_const", "Pod 44c76ce5 40c03570")]
    [InlineData("obi_02_const", "Pod 44c76ce5 40c03570")] // v1 lines name the node's container, a second v2 line the runtime
    [InlineData("obi_03_const", "Container - 40c03570")]
    [InlineData("obi_05_const", "Pod 4a163a05 40c03570")]
    [InlineData("obi_06_const", "Pod b53dfa9e 40c03570")]
    [InlineData("obi_07_const", "Pod dde1244b 40c03570")]
    [InlineData("obi_08_const", "Pod 7260904b 40c03570")]
    [InlineData("obi_10_const", "Container - a2ffe0e9")]
    [InlineData("spire_cgroups_pid_in_crio_pod", "Container - 09bc3d7a")]
    [InlineData("spire_cgroups_pid_not_in_pod", "None")]
    [InlineData("spire_containerinfo_cgroup-primary", "Container - 01234567")]
    [InlineData("spire_containerinfo_mountinfo-fallback", "None")]
    [InlineData("spire_systemd_cgroups_pid_in_pod", "Pod 2c48913c 9bca8d63")]
    [InlineData("spire_systemd_crio_cgroups_pid_in_pod", "Pod a2830d0d 09bc3d7a")]
    public void Classify_FileOfARealNode_NamesItsOwner(string file, string expected)
    {
        var path = CapturedFiles.PathOf($"cgroup/{file}.txt");

        var owner = new CgroupClassifier().Classify(File.ReadAllBytes(path));

        Assert.Equal(expected, Describe(owner));
    }

    [Theory]
    [InlineData("ddjava_all_lines")]
    [InlineData("deepflow_lines")]
    [InlineData("oteljava_v1_lines")]
    public void Classify_EachLineAlone_PodExactlyWhereTheLineNamesOne(string file)
    {
        var path = CapturedFiles.PathOf($"cgroup/{file}.txt");

        Assert.All(File.ReadAllLines(path), line =>
        {
            var owner = new CgroupClassifier().Classify(System.Text.Encoding.UTF8.GetBytes(line));
            Assert.Equal(line.Contains("pod", StringComparison.Ordinal), owner.Kind == CgroupOwnerKind.Pod);
            Assert.True(owner.Kind == CgroupOwnerKind.None || line.Contains(owner.ContainerId, StringComparison.Ordinal));
            Assert.Equal(owner.Kind == CgroupOwnerKind.None, owner.ContainerId.Length == 0);
        });
    }

    [Fact]
    public void Parse_DirectoriesBelowTheCgroupRoot_NameTheirOwner()
    {
        var path = CapturedFiles.PathOf("cgroup/pixie_cgroup_dir_tree.txt");

        Assert.All(File.ReadAllLines(path), line =>
        {
            var directory = line[line.IndexOf("kubepods", StringComparison.Ordinal)..line.LastIndexOf('/')];
            var parsed = CgroupPath.Parse(System.Text.Encoding.UTF8.GetBytes("/" + directory));
            Assert.Equal(directory.Contains("pod", StringComparison.Ordinal) && directory.Contains("/pod", StringComparison.Ordinal) || directory.Contains("-pod", StringComparison.Ordinal),
                parsed.Kind == CgroupOwnerKind.Pod);
            Assert.Equal(directory.Contains("docker-", StringComparison.Ordinal) || directory.Contains("cri", StringComparison.Ordinal) || directory.EndsWith("c123", StringComparison.Ordinal),
                !parsed.ContainerId.IsEmpty);
        });
    }

    private static string Describe(CgroupOwner owner) => owner.Kind == CgroupOwnerKind.None
        ? "None"
        : $"{owner.Kind} {Start(owner.PodUid)} {Start(owner.ContainerId)}";

    private static string Start(string id) => id.Length == 0 ? "-" : id[..Math.Min(8, id.Length)];
}
