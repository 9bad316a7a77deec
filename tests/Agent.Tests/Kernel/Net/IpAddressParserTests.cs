using System.Net;
using System.Text;
using Agent.Kernel.Net;
using Xunit;

namespace Agent.Tests.Kernel.Net;

public sealed class IpAddressParserTests
{
    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("1.2.3.4")]
    [InlineData("10.244.0.57")]
    [InlineData("255.255.255.255")]
    [InlineData("fd00:0010:0244:0000:0000:0000:0000:0007")]
    [InlineData("FD00:0010:0244:0000:0000:0000:0000:ABCD")]
    [InlineData("0000:0000:0000:0000:0000:ffff:0a00:0001")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("fe80::")]
    [InlineData("fd00:10:96::a")]
    [InlineData("1:2:3:4:5:6:7:8")]
    [InlineData("1:2:3:4:5:6:7::")]
    [InlineData("::ffff:10.0.0.1")]
    public void TryParse_Address_EqualsTheFrameworks(string text)
    {
        Assert.True(IpAddressParser.TryParse(Encoding.ASCII.GetBytes(text), out var address));

        Assert.Equal(IPAddress.Parse(text).MapToIPv6(), IPAddress.Parse(address.ToString()).MapToIPv6());
    }

    [Fact]
    public void TryParse_AnyIPv4_EqualsItsNumber()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var index = 0; index < 20_000; index++)
        {
            var value = (uint)random.NextInt64(1L << 32) >> random.Next(32);
            var text = $"{value >> 24}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}";

            Assert.True(IpAddressParser.TryParse(Encoding.ASCII.GetBytes(text), out var address), $"{text}, seed {seed}");
            Assert.Equal(IpAddress.FromIPv4(value), address);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1.2.3")]
    [InlineData("1.2.3.")]
    [InlineData(".1.2.3")]
    [InlineData("1..2.3")]
    [InlineData("1.2.3.4.5")]
    [InlineData("1.2.3.256")]
    [InlineData("1.2.3.1000")]
    [InlineData("0001.2.3.4")]
    [InlineData("1.2.3.4x")]
    [InlineData("1.2.3./")]
    [InlineData("1.2.3.:")]
    [InlineData("x.x.x.x")]
    [InlineData(":")]
    [InlineData(":::")]
    [InlineData("1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("1::2::3")]
    [InlineData("12345::")]
    [InlineData("fe80::g")]
    [InlineData("::ffff:1.2.3")]
    [InlineData("fd00:0010:0244:0000:0000:0000:0000:000g")]
    [InlineData("fd00-0010:0244:0000:0000:0000:0000:0007")]
    public void TryParse_NoAddress_IsRefused(string text) => Assert.False(IpAddressParser.TryParse(Encoding.ASCII.GetBytes(text), out _));
}
