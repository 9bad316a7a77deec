using Agent.Configuration;
using Xunit;

namespace Agent.Tests.Agent.Configuration;

public sealed class ListenAddressTests
{
    [Theory]
    [InlineData("http://127.0.0.1:9742", "127.0.0.1", 9742, false)]
    [InlineData("http://[::]:9742", "::", 9742, false)]
    [InlineData("http://[fd00::1]:80", "fd00::1", 80, false)]
    [InlineData("http://*:9742", "*", 9742, false)]
    [InlineData("http://localhost:9742", "localhost", 9742, false)]
    [InlineData("https://0.0.0.0:9743", "0.0.0.0", 9743, true)]
    public void Parse_Good_IsRead(string text, string host, int port, bool https) =>
        Assert.Equal(new ListenAddress(host, port, https), ListenAddress.Parse(text, out _));

    [Theory]
    [InlineData("9742")]
    [InlineData("127.0.0.1:9742")]
    [InlineData("http://")]
    [InlineData("ftp://127.0.0.1:9742")]
    [InlineData("http://127.0.0.1:99999")]
    [InlineData("http://node-1:9742")]
    [InlineData("http://127.0.0.1:9742/metrics")]
    [InlineData("http://unix:/run/closewatch.sock")]
    [InlineData("")]
    public void Parse_Bad_SaysWhy(string text)
    {
        Assert.Null(ListenAddress.Parse(text, out var problem));
        Assert.NotEmpty(problem);
    }
}
