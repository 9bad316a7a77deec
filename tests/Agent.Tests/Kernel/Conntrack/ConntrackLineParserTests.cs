using System.Text;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;
using Xunit;

namespace Agent.Tests.Kernel.Conntrack;

public sealed class ConntrackLineParserTests
{
    private const string CloseWait =
        "ipv4     2 tcp      6 3597 CLOSE_WAIT src=10.244.0.5 dst=10.96.0.10 sport=30002 dport=80 packets=3 bytes=40 "
        + "src=10.244.1.7 dst=10.244.0.5 sport=8080 dport=30002 packets=5 bytes=18446744073709551615 [ASSURED] mark=4294967295 zone=7 delta-time=2 use=2";

    [Fact]
    public void TryParse_TcpWithEverything_ReadsEverything()
    {
        var flow = Parse(CloseWait);

        Assert.Equal(6, flow.Protocol);
        Assert.Equal(3597u, flow.TimeoutSeconds);
        Assert.Equal(TcpConntrackState.CloseWait, flow.TcpState);
        Assert.Equal(Tuple("10.244.0.5", 30002, "10.96.0.10", 80), flow.Original);
        Assert.Equal(Tuple("10.244.1.7", 8080, "10.244.0.5", 30002), flow.Reply);
        Assert.Equal(ConntrackStatus.SeenReply | ConntrackStatus.Assured, flow.Status);
        Assert.Equal(7, flow.Zone);
        Assert.Equal(
            ConntrackFields.Status | ConntrackFields.Timeout | ConntrackFields.TcpState | ConntrackFields.Zone, flow.Present);
        Assert.True(flow.IsHalfClosed);
        Assert.Null(flow.OriginalClosedFirst);
    }

    [Theory]
    [InlineData("NONE", TcpConntrackState.None)]
    [InlineData("SYN_SENT", TcpConntrackState.SynSent)]
    [InlineData("SYN_RECV", TcpConntrackState.SynRecv)]
    [InlineData("ESTABLISHED", TcpConntrackState.Established)]
    [InlineData("FIN_WAIT", TcpConntrackState.FinWait)]
    [InlineData("CLOSE_WAIT", TcpConntrackState.CloseWait)]
    [InlineData("LAST_ACK", TcpConntrackState.LastAck)]
    [InlineData("TIME_WAIT", TcpConntrackState.TimeWait)]
    [InlineData("CLOSE", TcpConntrackState.Close)]
    [InlineData("SYN_SENT2", TcpConntrackState.SynSent2)]
    [InlineData("LISTEN", TcpConntrackState.SynSent2)]
    public void TryParse_TcpState_IsRead(string text, TcpConntrackState expected)
    {
        var flow = Parse(CloseWait.Replace("CLOSE_WAIT", text, StringComparison.Ordinal));

        Assert.True(flow.Has(ConntrackFields.TcpState));
        Assert.Equal(expected, flow.TcpState);
    }

    [Fact]
    public void TryParse_UnknownTcpState_LosesOnlyTheState()
    {
        var flow = Parse(CloseWait.Replace("CLOSE_WAIT", "DREAMING", StringComparison.Ordinal));

        Assert.False(flow.Has(ConntrackFields.TcpState));
        Assert.True(flow.Has(ConntrackFields.Timeout | ConntrackFields.Zone));
    }

    [Fact]
    public void TryParse_Inet6_ReadsUncompressedAddresses()
    {
        var flow = Parse(
            "ipv6     10 tcp      6 3596 ESTABLISHED src=fd00:0000:0000:0000:0000:0000:0000:0001 dst=fd00:0010:0096:0000:0000:0000:0000:000a sport=4242 dport=443 "
            + "src=fd00:0010:0244:0000:0000:0000:0000:0007 dst=fd00:0000:0000:0000:0000:0000:0000:0001 sport=8443 dport=4242 [ASSURED] mark=0 zone=0 use=2");

        Assert.Equal(Tuple("fd00::1", 4242, "fd00:10:96::a", 443), flow.Original);
        Assert.Equal(Tuple("fd00:10:244::7", 8443, "fd00::1", 4242), flow.Reply);
    }

    [Theory]
    [InlineData("[OFFLOAD]", ConntrackStatus.Offload)]
    [InlineData("[HW_OFFLOAD]", ConntrackStatus.Offload | ConntrackStatus.HardwareOffload)]
    public void TryParse_Offloaded_HasNeitherTimeoutNorState(string flag, ConntrackStatus expected)
    {
        var flow = Parse($"ipv4     2 tcp      6 src=1.1.1.1 dst=2.2.2.2 sport=1 dport=2 src=2.2.2.2 dst=1.1.1.1 sport=2 dport=1 {flag} mark=0 use=3");

        Assert.Equal(expected | ConntrackStatus.SeenReply, flow.Status);
        Assert.False(flow.Has(ConntrackFields.Timeout));
        Assert.False(flow.Has(ConntrackFields.TcpState));
        Assert.False(flow.IsHalfClosed);
    }

    [Fact]
    public void TryParse_OffloadedWithTimeout_KeepsTheTimeout() => Assert.Equal(
        30u, Parse("ipv4 2 udp 17 30 src=1.1.1.1 dst=2.2.2.2 sport=1 dport=2 src=2.2.2.2 dst=1.1.1.1 sport=2 dport=1 [HW_OFFLOAD] use=3").TimeoutSeconds);

    [Fact]
    public void TryParse_Unreplied_ClearsSeenReply() => Assert.Equal(
        ConntrackStatus.None, Parse("udp 17 30 src=1.1.1.1 dst=2.2.2.2 sport=1 dport=2 [UNREPLIED] src=2.2.2.2 dst=1.1.1.1 sport=2 dport=1 use=1").Status);

    [Fact]
    public void TryParse_OldFormat_IsReadToo()
    {
        Assert.True(Parse("icmp     1 29 src=1.1.1.1 dst=2.2.2.2 type=8 code=0 id=20296 src=2.2.2.2 dst=1.1.1.1 type=0 code=0 id=20296 use=2").Original.Source.IsIPv4);
        Assert.False(Parse("unknown  89 29 src=fe80::1 dst=ff02::5 [UNREPLIED] src=ff02::5 dst=fe80::1 use=1").Original.Source.IsIPv4);
    }

    [Fact]
    public void TryParse_Icmp_HasNoPorts()
    {
        var flow = Parse("ipv4 2 icmp 1 29 src=1.1.1.1 dst=2.2.2.2 type=8 code=3 id=4242 src=2.2.2.2 dst=1.1.1.1 type=0 code=0 id=1 use=2");

        Assert.Equal(1, flow.Protocol);
        Assert.Equal(Tuple("1.1.1.1", 0, "2.2.2.2", 0), flow.Original);
    }

    [Fact]
    public void TryParse_Gre_ReadsKeysAsPorts()
    {
        var flow = Parse("ipv4 2 gre 47 179 timeout=30, stream_timeout=180 src=1.1.1.1 dst=2.2.2.2 srckey=0xa56c dstkey=0x0 src=2.2.2.2 dst=1.1.1.1 srckey=0x0 dstkey=0xa56c use=2");

        Assert.Equal(179u, flow.TimeoutSeconds);
        Assert.Equal(Tuple("1.1.1.1", 0xA56C, "2.2.2.2", 0), flow.Original);
    }

    [Fact]
    public void TryParse_Sctp_ReadsTheState()
    {
        var flow = Parse("ipv4 2 sctp 132 209 SHUTDOWN_ACK_SENT src=1.1.1.1 dst=2.2.2.2 sport=1 dport=2 src=2.2.2.2 dst=1.1.1.1 sport=2 dport=1 use=2");

        Assert.True(flow.Has(ConntrackFields.SctpState));
        Assert.Equal(7, flow.SctpState);
    }

    [Fact]
    public void TryParse_DirectionalZones_AreKept()
    {
        var flow = Parse("tcp 6 9 CLOSE src=1.1.1.1 dst=2.2.2.2 sport=1 dport=2 zone-orig=100 src=2.2.2.2 dst=1.1.1.1 sport=2 dport=1 zone-reply=200 use=1");

        Assert.True(flow.Has(ConntrackFields.OriginalZone | ConntrackFields.ReplyZone));
        Assert.False(flow.Has(ConntrackFields.Zone));
        Assert.Equal((100, 200), (flow.OriginalZone, flow.ReplyZone));
    }

    [Fact]
    public void TryParse_WordsOfAVendor_ArePassedOver()
    {
        var flow = Parse(
            "ipv4     2 tcp      6 1183 ESTABLISHED src=192.168.0.54 dst=198.51.100.232 sport=56939 dport=443 packets=10 bytes=2411 "
            + "src=198.51.100.232 dst=203.0.113.72 sport=443 dport=56939 packets=10 bytes=1966 [ASSURED] [FASTNAT] mark=268434097 nmark=256 sc=0 "
            + "ifw=32 src=9.9.9.9 sport=1 mac=00:00:5e:00:53:01 slan attrs= secctx=system_u:object_r:unlabeled_t:s0 use=2");

        Assert.Equal(1183u, flow.TimeoutSeconds);
        Assert.Equal(ConntrackStatus.SeenReply | ConntrackStatus.Assured, flow.Status);
        Assert.Equal(Tuple("198.51.100.232", 443, "203.0.113.72", 56939), flow.Reply);
    }

    [Theory]
    [InlineData("-5", 0u)]
    [InlineData("0", 0u)]
    [InlineData("8589934", 8589934u)]
    [InlineData("99999999999999999999", null)]
    public void TryParse_OddTimeouts_AreClamped(string text, uint? expected)
    {
        var flow = Parse($"tcp 6 {text} CLOSE src=1.1.1.1 dst=2.2.2.2 sport=1 dport=2 src=2.2.2.2 dst=1.1.1.1 sport=2 dport=1 use=1");

        Assert.Equal(expected, flow.Has(ConntrackFields.Timeout) ? flow.TimeoutSeconds : null);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("ipv4")]
    [InlineData("ipv4     2")]
    [InlineData("ipv4     2 tcp")]
    [InlineData("tcp      6 117 CLOSE src=1.1.1.1 dst=2.2.2.2 sport=1 dport=2")]
    [InlineData("tcp      6 117 CLOSE src=1.1.1.1 dst=2.2.2.2 sport=1 dport=2 src=2.2.2.2 dst=1.1.1.1 sport=2 dpo")]
    [InlineData("tcp      6 117 CLOSE src=1.1.1.1 dst=2.2.2.2 sport=1 dport=65536 src=2.2.2.2 dst=1.1.1.1 sport=2 dport=1")]
    [InlineData("tcp    256 117 CLOSE src=1.1.1.1 dst=2.2.2.2 sport=1 dport=2 src=2.2.2.2 dst=1.1.1.1 sport=2 dport=1")]
    [InlineData("udp     17 src=x.x.x.x dst=2.2.2.2 sport=1 dport=2 src=2.2.2.2 dst=1.1.1.1 sport=2 dport=1")]
    [InlineData("6 46 TIME_WAIT src=1.1.1.1 dst=2.2.2.2 sport=1 dport=2 src=2.2.2.2 dst=1.1.1.1 sport=2 dport=1")]
    [InlineData(" [UPDATE] tcp 6 46 TIME_WAIT src=1.1.1.1 dst=2.2.2.2 sport=1 dport=2 src=2.2.2.2 dst=1.1.1.1 sport=2 dport=1")]
    [InlineData("<?xml version=\"1.0\" encoding=\"utf-8\"?>")]
    public void TryParse_NoEntry_IsRefused(string line)
    {
        var flow = default(ConntrackFlow);

        Assert.False(ConntrackLineParser.TryParse(Encoding.ASCII.GetBytes(line), ref flow));
    }

    [Fact]
    public void TryParse_EveryWordCutOff_NeverThrows()
    {
        var bytes = Encoding.ASCII.GetBytes(CloseWait);
        var flow = default(ConntrackFlow);
        var accepted = 0;
        for (var length = 0; length <= bytes.Length; length++)
        {
            accepted += ConntrackLineParser.TryParse(bytes.AsSpan(0, length), ref flow) ? 1 : 0;
        }

        // Complete from the first digit of the reply's destination port on.
        Assert.Equal(bytes.Length - CloseWait.LastIndexOf("30002", StringComparison.Ordinal), accepted);
    }

    private static ConntrackFlow Parse(string line)
    {
        var flow = default(ConntrackFlow);
        Assert.True(ConntrackLineParser.TryParse(Encoding.ASCII.GetBytes(line), ref flow), line);
        return flow;
    }

    private static ConnectionTuple Tuple(string source, ushort sourcePort, string destination, ushort destinationPort)
    {
        Assert.True(IpAddress.TryParse(source, out var from));
        Assert.True(IpAddress.TryParse(destination, out var to));
        return new(from, to, sourcePort, destinationPort);
    }
}
