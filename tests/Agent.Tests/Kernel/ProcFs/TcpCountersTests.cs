using System.Text;
using Agent.Kernel.ProcFs;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Kernel.ProcFs;

public sealed class TcpCountersTests
{
    private const string Snmp =
        """
        Ip: Forwarding DefaultTTL InReceives
        Ip: 2 64 11030
        Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors
        Tcp: 1 200 120000 -1 71 2 1 4 0 10886 6381 7 0 111 0
        Udp: InDatagrams
        Udp: 5

        """;

    private const string Netstat =
        """
        TcpExt: SyncookiesSent TW ListenOverflows ListenDrops TCPAbortOnData TCPAbortOnClose TCPAbortOnTimeout TCPTimeWaitOverflow TCPReqQFullDoCookies TCPReqQFullDrop
        TcpExt: 1 22 3 4 5 18446744073709551615 7 31 32 33
        IpExt: InNoRoutes
        IpExt: 9

        """;

    [Fact]
    public void TryParse_BothFiles_SetEveryCounterByName()
    {
        var counters = new TcpCounters();

        Assert.True(NetSnmp.TryParse(Encoding.ASCII.GetBytes(Snmp), ref counters));
        Assert.True(NetNetstat.TryParse(Encoding.ASCII.GetBytes(Netstat), ref counters));

        Assert.Equal(
            new TcpCounters
            {
                ActiveOpens = 71,
                PassiveOpens = 2,
                EstablishedResets = 4,
                RetransmittedSegments = 7,
                ResetsSent = 111,
                TimeWaits = 22,
                ListenOverflows = 3,
                ListenDrops = 4,
                AbortOnData = 5,
                AbortOnClose = ulong.MaxValue,
                AbortOnTimeout = 7,
                TimeWaitOverflows = 31,
                SynQueueCookies = 32,
                SynQueueDrops = 33,
            },
            counters);
    }

    [Theory]
    [InlineData("Tcp: OutRsts New\nTcp: 5 6\n", 5UL, null)] // other columns, another order
    [InlineData("Tcp: New EstabResets OutRsts\nTcp: 1 2 3\n", 3UL, 2UL)]
    [InlineData("Tcp: OutRsts EstabResets\nTcp: 5\n", 5UL, null)] // a line cut short
    [InlineData("Tcp: OutRsts EstabResets\nTcp: x 7", null, 7UL)]
    public void TryParse_OtherColumns_LeavesWhatIsMissingNull(string text, ulong? resetsSent, ulong? establishedResets)
    {
        var counters = new TcpCounters();

        Assert.True(NetSnmp.TryParse(Encoding.ASCII.GetBytes(text), ref counters));

        Assert.Equal(resetsSent, counters.ResetsSent);
        Assert.Equal(establishedResets, counters.EstablishedResets);
        Assert.Null(counters.ActiveOpens);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Tcp: OutRsts\n")]
    [InlineData("Tcp: OutRsts\nUdp: 1\n")]
    [InlineData("Ip: OutRsts\nIp: 1\n")]
    public void TryParse_NoPairOfLines_IsRefusedAndKeepsTheCounters(string text)
    {
        var counters = new TcpCounters { ResetsSent = 1 };
        var before = counters;

        Assert.False(NetSnmp.TryParse(Encoding.ASCII.GetBytes(text), ref counters));
        Assert.Same(before, counters);
    }

    [Fact]
    public void TryParse_ThisMachine_HasEveryCounter()
    {
        var counters = new TcpCounters();
        Assert.True(NetSnmp.TryParse(File.ReadAllBytes("/proc/net/snmp"), ref counters));
        Assert.True(NetNetstat.TryParse(File.ReadAllBytes("/proc/net/netstat"), ref counters));

        Assert.All(typeof(TcpCounters).GetProperties(), property => Assert.NotNull(property.GetValue(counters)));
    }

    [Fact]
    public void TryParse_RandomText_NeverThrows()
    {
        var random = new Random(20_261_121);
        string[] pieces = ["Tcp:", "TcpExt:", " ", "\n", "OutRsts", "TW", "1", "-1", "99999999999999999999", "\0", "\t", "é"];
        var text = new StringBuilder();
        for (var i = 0; i < RandomCases.Of(200_000); i++)
        {
            text.Clear();
            for (var n = random.Next(20); n > 0; n--)
            {
                text.Append(pieces[random.Next(pieces.Length)]);
            }

            var bytes = Encoding.UTF8.GetBytes(text.ToString());
            var counters = new TcpCounters();
            _ = NetSnmp.TryParse(bytes, ref counters);
            _ = NetNetstat.TryParse(bytes, ref counters);
            Assert.Null(counters.PassiveOpens);
        }
    }
}
