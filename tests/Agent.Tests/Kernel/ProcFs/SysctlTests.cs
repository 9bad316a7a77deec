using Agent.Kernel.ProcFs;
using Xunit;

namespace Agent.Tests.Kernel.ProcFs;

public sealed class SysctlTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("closewatch-test-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void ReadNetfilter_EveryNumber_IsReadWithoutThePrefix()
    {
        Write("nf_conntrack_tcp_timeout_close_wait", "3600\n");
        Write("nf_conntrack_tcp_be_liberal", "0\n");
        Write("nf_conntrack_max", "262144\n");
        Write("nf_conntrack_not_invented_yet", "-1\n");
        Write("nf_conntrack_text", "NONE\n");
        Write("nf_conntrack_two", "1 2\n");
        Write("nf_conntrack_empty", "");
        Write("nf_log_all_netns", "0\n");

        var values = Sysctl.ReadNetfilter(_root).OrderBy(static pair => pair.Key, StringComparer.Ordinal);

        Assert.Equal(
            [new("max", 262144), new("not_invented_yet", -1), new("tcp_be_liberal", 0), new("tcp_timeout_close_wait", 3600)],
            values);
    }

    [Fact]
    public void ReadNetfilter_SomeWanted_OnlyTheseAreRead()
    {
        Write("nf_conntrack_tcp_timeout_close_wait", "3600\n");
        Write("nf_conntrack_max", "262144\n");

        Assert.Equal([new("max", 262144)], Sysctl.ReadNetfilter(_root, ["max", "not_there"]));
    }

    [Fact]
    public void ReadNetfilter_NoDirectory_IsEmpty() => Assert.Empty(Sysctl.ReadNetfilter(Path.Combine(_root, "nowhere")));

    [Theory]
    [InlineData("60\n", 60L)]
    [InlineData("60", 60L)]
    [InlineData("-1\n", -1L)]
    [InlineData("9223372036854775807\n", long.MaxValue)]
    [InlineData("9223372036854775808\n", null)]
    [InlineData("60s\n", null)]
    [InlineData("\n", null)]
    public void ReadNetfilter_OneName_IsReadOrNull(string text, long? expected)
    {
        Write("nf_conntrack_tcp_timeout_close_wait", text);

        Assert.Equal(expected, Sysctl.ReadNetfilter(_root, "nf_conntrack_tcp_timeout_close_wait"));
    }

    [Fact]
    public void ReadNetfilter_UnknownName_IsNull() => Assert.Null(Sysctl.ReadNetfilter(_root, "nf_conntrack_nothing"));

    private void Write(string name, string text)
    {
        var directory = Directory.CreateDirectory(Path.Combine(_root, "sys/net/netfilter"));
        File.WriteAllText(Path.Combine(directory.FullName, name), text);
    }
}
