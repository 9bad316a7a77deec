using System.Text;
using Agent.Kernel;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;
using Agent.Kernel.Netlink;
using Agent.Kernel.ProcFs;
using Agent.Tests.Kernel.Testing;
using Agent.Tests.Testing;
using Xunit;
using static Agent.Tests.Kernel.Testing.NetlinkBytes;

namespace Agent.Tests.Kernel.Conntrack;

/// <summary>
/// Every reader against random, cut and changed bytes: nothing may throw, read outside its span or go on for ever. The seed
/// is in each failure's message.
/// </summary>
public sealed class HostileBytesTests
{
    private const int Cases = 150_000;

    private const string Line =
        "ipv4     2 tcp      6 3597 CLOSE_WAIT src=10.244.0.5 dst=10.96.0.10 sport=30002 dport=80 packets=3 bytes=40 "
        + "src=fd00:0010:0244:0000:0000:0000:0000:0007 dst=fd00::1 sport=8080 dport=30002 packets=5 bytes=6 [ASSURED] mark=7 zone=7 delta-time=2 use=2";

    private const string Statistics = "entries  clashres found new\n0000000d  00000000 00000001 0000000f\n0000000d  00000000 00000001 0000000f\n";

    [Fact]
    public void ConntrackFlowParser_HostileBytes_NeverThrows() => Try(FlowBytes.CloseWait(), static bytes =>
    {
        var flow = default(ConntrackFlow);
        _ = ConntrackFlowParser.TryParse(bytes, ref flow);
    });

    [Fact]
    public void ConntrackLineParser_HostileBytes_NeverThrows() => Try(Encoding.ASCII.GetBytes(Line), static bytes =>
    {
        var flow = default(ConntrackFlow);
        _ = ConntrackLineParser.TryParse(bytes, ref flow);
    });

    [Fact]
    public void NetlinkReaders_HostileBytes_EndWithinTheirSpan()
    {
        var request = new NetlinkRequest(0x101, 0x301, 1, []);
        Try(Join(Part(request, FlowBytes.CloseWait()), Part(request, FlowBytes.CloseWait()), Done(request)), static bytes =>
        {
            var messages = new NetlinkMessageReader(bytes);
            var count = 0;
            while (messages.MoveNext())
            {
                var attributes = new NetlinkAttributeReader(messages.Payload);
                while (attributes.MoveNext())
                {
                    Assert.True(count++ <= bytes.Length);
                }
            }
        });
    }

    [Fact]
    public void NetlinkDump_HostileBytes_EndsAsDocumented()
    {
        var request = new NetlinkRequest(0x101, 0x301, 1, []);
        using var kernel = new HostileKernel();
        using var table = new ConntrackNetlink(kernel);
        Try(Join(Part(request, FlowBytes.CloseWait()), Error(request, 5, "a message", capped: false), Done(request)), bytes =>
        {
            kernel.Datagram = bytes;
            var sink = new NoSink();
            try
            {
                table.Dump(0, ref sink, CancellationToken.None);
            }
            catch (KernelException)
            {
                // The bytes were an error, or no end came: both are documented.
            }
        });
    }

    [Fact]
    public void ConntrackLineStream_HostileBytes_CountsEveryLine()
    {
        var buffer = new byte[512];
        Try(Encoding.ASCII.GetBytes($"{Line}\n{Line}\n"), bytes =>
        {
            var lines = ChunkedText.Read(bytes, buffer);
            Assert.InRange(lines.Entries + lines.Malformed, 0, bytes.Count((byte)'\n') + 1);
        });
    }

    [Fact]
    public void NfConntrackStat_HostileBytes_NeverThrows() =>
        Try(Encoding.ASCII.GetBytes(Statistics), static bytes => NfConntrackStat.Parse(bytes));

    [Fact]
    public void SmallParsers_HostileBytes_NeverThrow() => Try("fd00:0010::7 255.255.255.255 ESTABLISHED 4294967295"u8.ToArray(), static bytes =>
    {
        _ = IpAddressParser.TryParse(bytes, out _);
        _ = Sysctl.TryParse(bytes, out _);
        _ = TcpConntrackStates.TryParse(bytes, out _);
        _ = SctpConntrackStates.TryParse(bytes, out _);
        var fields = new ProcFields(bytes);
        while (fields.MoveNext())
        {
            _ = ProcFields.TryParseHex(fields.Current, out _);
        }
    });

    private static void Try(byte[] valid, Action<byte[]> read) => Hostile.Try(Cases, random => Hostile.Bytes(valid, random), read);
}
