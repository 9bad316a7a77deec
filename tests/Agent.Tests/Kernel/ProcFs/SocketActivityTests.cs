using System.Text;
using Agent.Kernel.ProcFs;
using Xunit;

namespace Agent.Tests.Kernel.ProcFs;

public sealed class SocketActivityTests
{
    private const string Names = "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors";
    private const string Values = "Tcp: 1 200 120000 -1 10 20 3 4 5 1000 900 7 0 2 0";
    private const string Sockstat = "sockets: used 5\nTCP: inuse 4 orphan 0 tw 2 alloc 5 mem 1\nUDP: inuse 3 mem 0\n";
    private const string Sockstat6 = "TCP6: inuse 6\nUDP6: inuse 1\n";

    [Fact]
    public void Parse_FilesOfAKernel_SaysAllThatCounts()
    {
        var activity = Parse(Values)!.Value;
        Assert.Equal((5ul, 4ul, 6ul, 2ul), (activity.Established, activity.InUse, activity.InUse6, activity.TimeWait));
        Assert.True(activity.HasSockets);
        Assert.Equal(activity, Parse(Values));
    }

    [Theory]
    [InlineData("Tcp: 1 200 120000 -1 11 20 3 4 5 1000 900 7 0 2 0")]
    [InlineData("Tcp: 1 200 120000 -1 10 21 3 4 5 1000 900 7 0 2 0")]
    [InlineData("Tcp: 1 200 120000 -1 10 20 4 4 5 1000 900 7 0 2 0")]
    [InlineData("Tcp: 1 200 120000 -1 10 20 3 5 5 1000 900 7 0 2 0")]
    [InlineData("Tcp: 1 200 120000 -1 10 20 3 4 6 1000 900 7 0 2 0")]
    [InlineData("Tcp: 1 200 120000 -1 10 20 3 4 5 1001 900 7 0 2 0")]
    [InlineData("Tcp: 1 200 120000 -1 10 20 3 4 5 1000 901 7 0 2 0")]
    [InlineData("Tcp: 1 200 120000 -1 10 20 3 4 5 1000 900 8 0 2 0")]
    [InlineData("Tcp: 1 200 120000 -1 10 20 3 4 5 1000 900 7 0 3 0")]
    public void Parse_AnyCounterMoved_IsAnother(string values) => Assert.NotEqual(Parse(Values), Parse(values));

    [Theory]
    [InlineData("TCP: inuse 5 orphan 0 tw 2 alloc 5 mem 1\n", Sockstat6)]
    [InlineData("TCP: inuse 4 orphan 0 tw 3 alloc 5 mem 1\n", Sockstat6)]
    [InlineData(Sockstat, "TCP6: inuse 7\n")]
    public void Parse_AnotherNumberOfSockets_IsAnother(string sockstat, string sockstat6) =>
        Assert.NotEqual(Parse(Values), Parse(Values, sockstat, sockstat6));

    [Fact]
    public void Parse_NoSockets_HasNone() =>
        Assert.False(Parse(Values, "TCP: inuse 0 orphan 0 tw 0 alloc 5 mem 1\n", "")!.Value.HasSockets);

    [Theory]
    [InlineData("Tcp: 1 200", Sockstat, Sockstat6)]
    [InlineData("Udp: 1 2", Sockstat, Sockstat6)]
    [InlineData("Tcp: 1 200 120000 -1 10 20 3 4 5 x 900 7 0 2 0", Sockstat, Sockstat6)]
    [InlineData(Values, "", Sockstat6)]
    [InlineData(Values, "TCP: inuse 4", Sockstat6)]
    [InlineData(Values, Sockstat, "UDP6: inuse 1")]
    public void Parse_AnythingElse_IsUnknown(string values, string sockstat, string sockstat6) => Assert.Null(Parse(values, sockstat, sockstat6));

    private static SocketActivity? Parse(string values, string sockstat = Sockstat, string sockstat6 = Sockstat6) => SocketActivity.Parse(
        Encoding.ASCII.GetBytes($"Ip: a\nIp: 1\n{Names}\n{values}\nUdp: b\nUdp: 2\n"), Encoding.ASCII.GetBytes(sockstat), Encoding.ASCII.GetBytes(sockstat6));
}
