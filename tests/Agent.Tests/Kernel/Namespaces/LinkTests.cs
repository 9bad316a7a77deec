using System.Text;
using Agent.Kernel.Namespaces;
using Xunit;

namespace Agent.Tests.Kernel.Namespaces;

public sealed class LinkTests
{
    [Theory]
    [InlineData("net:[4026531840]", 4026531840UL)]
    [InlineData("net:[]", null)]
    [InlineData("net:[12", null)]
    [InlineData("net:[12]x", null)]
    [InlineData("mnt:[12]", null)]
    [InlineData("", null)]
    public void NamespaceLink_AnyText_IsItsInode(string text, ulong? expected)
    {
        var isLink = NamespaceLink.TryParse(Encoding.ASCII.GetBytes(text), out var inode);
        Assert.Equal(expected, isLink ? inode : null);
    }

    [Theory]
    [InlineData("socket:[12345]", 12345UL)]
    [InlineData("socket:[12345", null)]
    [InlineData("pipe:[12345]", null)]
    [InlineData("/dev/null", null)]
    public void SocketLink_AnyText_IsItsInode(string text, ulong? expected)
    {
        var isLink = SocketOwners.TryParse(Encoding.ASCII.GetBytes(text), out var inode);
        Assert.Equal(expected, isLink ? inode : null);
    }

    [Theory]
    [InlineData("Name:\tx\nCapEff:\t000001ffffffffff\nCapBnd:\t0\n", 0x1FF_FFFF_FFFFUL)]
    [InlineData("CapEff:\t0000000000000000", 0UL)]
    [InlineData("Name:\tx\n", null)]
    [InlineData("CapEff:\tzz\n", null)]
    public void Privileges_StatusText_GivesTheEffectiveSet(string text, ulong? expected)
    {
        var found = Privileges.TryParseEffective(Encoding.ASCII.GetBytes(text), out var effective);
        Assert.Equal(expected, found ? effective : null);
    }

    [Theory]
    [InlineData("Gid:\t5\t5\t5\t7\nGroups:\t1 2 3\n", 7u, true)]
    [InlineData("Gid:\t5\t5\t5\t7\nGroups:\t1 2 3\n", 3u, true)]
    [InlineData("Gid:\t5\t5\t5\t7\nGroups:\t1 2 3\n", 5u, false)]
    [InlineData("Gid:\t5\t5\t5\t7\nGroups:\t \n", 3u, false)]
    [InlineData("Uid:\t3\t3\t3\t3\n", 3u, false)]
    [InlineData("", 0u, false)]
    public void Privileges_StatusText_GivesTheGroups(string text, uint group, bool expected) =>
        Assert.Equal(expected, Privileges.IsInGroup(Encoding.ASCII.GetBytes(text), group));
}
