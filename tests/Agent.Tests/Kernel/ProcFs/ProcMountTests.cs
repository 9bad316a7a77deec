using System.Text;
using Agent.Kernel.ProcFs;
using Xunit;

namespace Agent.Tests.Kernel.ProcFs;

public sealed class ProcMountTests
{
    [Theory]
    [InlineData("22 1 0:20 / /proc rw,relatime shared:12 - proc proc rw", null)]
    [InlineData("22 1 0:20 / /proc rw,relatime shared:12 - proc proc rw,gid=4,hidepid=2", "2")]
    [InlineData("22 1 0:20 / /proc rw,relatime - proc proc rw,hidepid=invisible", "invisible")]
    [InlineData("22 1 0:20 / /proc rw,relatime - proc proc rw,hidepid=0", null)]
    [InlineData("22 1 0:20 / /proc rw,relatime - proc proc rw,hidepid=off", null)]
    [InlineData("22 1 0:20 / /host/proc rw,relatime - proc proc rw,hidepid=2", null)]
    [InlineData("22 1 0:20 / /proc rw - proc proc rw,hidepid=2\n23 22 0:21 / /proc rw - proc proc rw", null)]
    [InlineData("22 1 0:20 / /proc rw hidepid=1 - tmpfs x rw,hidepid=2", null)]
    [InlineData("22 1 0:20 / /proc", null)]
    [InlineData("", null)]
    public void HidePid_MountInfo_IsTheOptionOfTheLastMountThere(string text, string? expected)
    {
        Assert.Equal(expected, ProcMount.HidePid(Encoding.ASCII.GetBytes(text), "/proc"));
        Assert.Equal(expected, ProcMount.HidePid(Encoding.ASCII.GetBytes(text), "/proc/"));
    }

    [Fact]
    public void IsLive_ProcAndAnyOtherDirectory_AreToldApart()
    {
        Assert.True(ProcMount.IsLive("/proc"));
        Assert.False(ProcMount.IsLive(Path.GetTempPath()));
    }
}
