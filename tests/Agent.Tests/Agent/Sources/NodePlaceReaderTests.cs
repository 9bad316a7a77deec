using System.Text;
using Agent.Sources;
using Xunit;

namespace Agent.Tests.Agent.Sources;

public sealed class NodePlaceReaderTests
{
    [Theory]
    [InlineData("NAME=Ubuntu\nID=ubuntu\nID_LIKE=debian\n", "ubuntu")]
    [InlineData("ID=\"cos\"\n", "cos")]
    [InlineData("ID='Talos'", "talos")]
    [InlineData("NAME=x\n", "")]
    [InlineData("ID=a;rm -rf\n", "")]
    [InlineData("", "")]
    public void Id_OfOsRelease_UnquotedAndPlain(string file, string expected) =>
        Assert.Equal(expected, NodePlaceReader.ParseId(Encoding.UTF8.GetBytes(file)));

    [Fact]
    public void Id_TooLong_IsNone() => Assert.Equal("", NodePlaceReader.ParseId(Encoding.UTF8.GetBytes("ID=" + new string('a', 65))));
}
