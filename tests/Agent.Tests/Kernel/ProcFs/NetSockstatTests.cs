using Agent.Kernel.ProcFs;
using Xunit;

namespace Agent.Tests.Kernel.ProcFs;

public sealed class NetSockstatTests
{
    [Fact]
    public void Maybe_NumbersOfTheFile_Decide()
    {
        var none = "sockets: used 5\nTCP: inuse 0 orphan 0 tw 0 alloc 5 mem 1\nUDP: inuse 3 mem 0\n"u8;
        var some = "sockets: used 5\nTCP: inuse 4 orphan 0 tw 2 alloc 5 mem 1\n"u8;

        Assert.False(NetSockstat.MaybeSockets(none, "TCP:"u8));
        Assert.False(NetSockstat.MaybeTimeWait(none));
        Assert.True(NetSockstat.MaybeSockets(some, "TCP:"u8));
        Assert.True(NetSockstat.MaybeTimeWait(some));
        Assert.False(NetSockstat.MaybeSockets("TCP6: inuse 0\nUDP6: inuse 1\n"u8, "TCP6:"u8));
        Assert.True(NetSockstat.MaybeSockets("TCP6: inuse 1\n"u8, "TCP6:"u8));
    }

    [Theory]
    [InlineData("")]
    [InlineData("UDP: inuse 0")]
    [InlineData("TCP: inuse")]
    [InlineData("TCP: inuse x tw y")]
    public void Maybe_AnythingElse_RulesNothingOut(string text)
    {
        var bytes = System.Text.Encoding.ASCII.GetBytes(text);
        Assert.True(NetSockstat.MaybeSockets(bytes, "TCP:"u8));
        Assert.True(NetSockstat.MaybeTimeWait(bytes));
    }
}
