using System.Text;
using Agent.Kernel.Namespaces;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Kernel.Namespaces;

public sealed class MountInfoTests
{
    [Theory]
    [InlineData("1024 25 0:4 net:[4026532573] /run/docker/netns/default rw shared:13 - nsfs nsfs rw", 4026532573UL, "/run/docker/netns/default")]
    [InlineData("1024 25 0:4 net:[4026532573] /a\\040b\\011c\\134040\\012 rw - nsfs nsfs rw", 4026532573UL, "/a b\tc\\040\n")]
    [InlineData("1024 25 0:4 net:[1] /x rw shared:1 master:2 propagate_from:3 unbindable - nsfs nsfs rw", 1UL, "/x")]
    public void TryParseNamespace_NetworkNamespace_IsItsInodeAndPlace(string line, ulong inode, string place)
    {
        Assert.True(MountInfo.TryParseNamespace(Encoding.UTF8.GetBytes(line), out var parsed, out var escaped));

        var name = new byte[escaped.Length];
        Assert.Equal((inode, place), (parsed, Encoding.UTF8.GetString(name, 0, MountInfo.Unescape(escaped, name))));
    }

    [Theory]
    [InlineData("36 35 98:0 / /mnt rw,noatime master:1 - ext4 /dev/root rw,errors=continue")]
    [InlineData("1024 25 0:4 mnt:[4026532573] /run/x rw - nsfs nsfs rw")]
    [InlineData("1024 25 0:4 net:[0] /run/x rw - nsfs nsfs rw")]
    [InlineData("1024 25 0:4 net:[99999999999999999999999] /run/x rw - nsfs nsfs rw")]
    [InlineData("1024 25 0:4 net:[4026532573] /run/x rw - fuse.nsfs nsfs rw")]
    [InlineData("1024 25 0:4 net:[4026532573] /run/x rw - tmpfs nsfs rw")]
    [InlineData("1024 25 0:4 net:[4026532573] run/x rw - nsfs nsfs rw")]
    [InlineData("1024 25 0:4 net:[4026532573]")]
    [InlineData("1024 25 0:4 net:[4026532573] - nsfs nsfs rw")]
    [InlineData(" - nsfs ")]
    [InlineData("")]
    public void TryParseNamespace_AnythingElse_IsNone(string line) =>
        Assert.False(MountInfo.TryParseNamespace(Encoding.UTF8.GetBytes(line), out _, out _));

    [Theory]
    [InlineData("\\")]
    [InlineData("\\0")]
    [InlineData("\\04")]
    [InlineData("\\400")]
    [InlineData("\\089")]
    [InlineData("a\\x")]
    public void Unescape_NoEscape_StaysAsItIs(string text)
    {
        var name = new byte[text.Length];
        Assert.Equal(text, Encoding.ASCII.GetString(name, 0, MountInfo.Unescape(Encoding.ASCII.GetBytes(text), name)));
    }

    [Fact]
    public void Parser_ArbitraryBytes_NeverThrows()
    {
        var random = new Random(12);
        for (var i = 0; i < RandomCases.Of(20_000); i++)
        {
            Parse(RandomBytes(random));
        }
    }

    private static void Parse(byte[] line)
    {
        _ = MountInfo.TryParseNamespace(line, out _, out _);
        byte[] likely = [.. "1 2 0:4 net:[7] /"u8, .. line, .. " - nsfs nsfs rw"u8];
        if (MountInfo.TryParseNamespace(likely, out _, out var place))
        {
            Assert.InRange(MountInfo.Unescape(place, new byte[place.Length]), 1, place.Length);
        }
    }

    private static byte[] RandomBytes(Random random)
    {
        // Mostly what means something to the parser.
        var bytes = new byte[random.Next(40)];
        foreach (ref var one in bytes.AsSpan())
        {
            one = random.Next(4) == 0 ? (byte)random.Next(256) : " \\0147/-n["u8[random.Next(10)];
        }

        return bytes;
    }
}
