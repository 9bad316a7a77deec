using Agent.Kernel.Net;
using Xunit;

namespace Agent.Tests.Kernel.Net;

public sealed class IpAddressTests
{
    [Theory]
    [InlineData("10.244.1.7", "10.244.1.7", true)]
    [InlineData("::ffff:10.244.1.7", "10.244.1.7", true)]
    [InlineData("fd00:10:96::a", "fd00:10:96::a", false)]
    [InlineData("::1", "::1", false)]
    public void ToString_AnyForm_IsCanonical(string text, string expected, bool isIPv4)
    {
        Assert.True(IpAddress.TryParse(text, out var address));
        Assert.Equal(expected, address.ToString());
        Assert.Equal(isIPv4, address.IsIPv4);
    }

    [Fact]
    public void Equals_MappedAndPlain_AreTheSame()
    {
        Assert.True(IpAddress.TryParse("::ffff:127.0.0.1", out var mapped));
        Assert.Equal(IpAddress.FromIPv4(0x7F00_0001), mapped);
        Assert.True(mapped.IsLoopback);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(17)]
    public void TryRead_OtherLength_IsRefused(int length) => Assert.False(IpAddress.TryRead(new byte[length], out _));
}
