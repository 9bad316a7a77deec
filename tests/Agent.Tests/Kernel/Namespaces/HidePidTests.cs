using System.Text;
using Agent.Kernel.Namespaces;
using Xunit;

namespace Agent.Tests.Kernel.Namespaces;

public sealed class HidePidTests
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
    public void Parse_MountInfo_IsTheOptionOfTheLastMountThere(string text, string? expected)
    {
        Assert.Equal(expected, HidePid.Parse(Encoding.ASCII.GetBytes(text), "/proc")?.Mode);
        Assert.Equal(expected, HidePid.Parse(Encoding.ASCII.GetBytes(text), "/proc/")?.Mode);
    }

    [Theory]
    [InlineData("rw,gid=4,hidepid=2", 4u, false)]
    [InlineData("rw,hidepid=invisible", 0u, false)]
    [InlineData("rw,hidepid=ptraceable,gid=4", 4u, true)]
    [InlineData("rw,hidepid=4", 0u, true)]
    public void Parse_Option_SaysWhomItSpares(string options, uint group, bool isForTracersOnly)
    {
        var option = HidePid.Parse(Encoding.ASCII.GetBytes($"22 1 0:20 / /proc rw - proc proc {options}"), "/proc");

        Assert.Equal((group, isForTracersOnly), (option!.Value.Group, option.Value.IsForTracersOnly));
    }
}
