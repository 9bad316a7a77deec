using Agent.Kernel.Conntrack;
using Xunit;
using static Agent.Tests.Kernel.Testing.FlowBytes;
using static Agent.Tests.Kernel.Testing.NetlinkBytes;

namespace Agent.Tests.Kernel.Conntrack;

public sealed class ConntrackFlowParserTests
{
    private static readonly byte[] s_original = Tuple4(1, 0x0A00_0001, 0x0A60_0001, 6, 4242, 80);
    private static readonly byte[] s_reply = Tuple4(2, 0x0AF4_0007, 0x0A00_0001, 6, 8080, 4242);

    [Fact]
    public void TryParse_CloseWait_ReadsEveryMember()
    {
        var flow = Parse(CloseWait());

        Assert.Equal(6, flow.Protocol);
        Assert.Equal("10.0.0.1:4242", flow.Original.Source.ToString(flow.Original.SourcePort));
        Assert.Equal("10.96.0.1:80", flow.Original.Destination.ToString(flow.Original.DestinationPort));
        Assert.Equal("10.244.0.7:8080", flow.Reply.Source.ToString(flow.Reply.SourcePort));
        Assert.Equal(TcpConntrackState.CloseWait, flow.TcpState);
        Assert.Equal(3599u, flow.TimeoutSeconds);
        Assert.Equal(0xDEAD_BEEFu, flow.Id);
        Assert.Equal(0x1AEu, (uint)flow.Status);
        Assert.True(flow.IsHalfClosed);
        Assert.False(flow.OriginalClosedFirst);
        Assert.Equal(
            ConntrackFields.Status | ConntrackFields.Timeout | ConntrackFields.TcpState | ConntrackFields.TcpFlags | ConntrackFields.Id,
            flow.Present);
    }

    [Theory]
    [InlineData(0x27, 0x23, true)]
    [InlineData(0x23, 0x27, false)]
    [InlineData(0x23, 0x23, null)]
    public void TryParse_TcpFlags_TellWhoClosedFirst(int original, int reply, bool? expected)
    {
        var flow = Parse(Join(GenericInet, s_original, s_reply, Nested(4, Nested(1, Attribute(4, (byte)original, 0), Attribute(5, (byte)reply, 0)))));

        Assert.Equal(expected, flow.OriginalClosedFirst);
        Assert.Equal((TcpConntrackFlags)original, flow.TcpFlagsOriginal);
    }

    [Fact]
    public void TryParse_IcmpV6_HasAddressesAndNoPorts()
    {
        byte[] address = [0xFD, .. new byte[14], 1];
        byte[] Tuple(ushort type, byte icmpType) => Nested(
            type,
            Nested(1, Attribute(3, address), Attribute(4, address)),
            Nested(2, Attribute(1, 58), Attribute(7, Big16(77)), Attribute(8, icmpType), Attribute(9, 1)));
        var flow = Parse(Join(GenericInet6, Tuple(1, 128), Tuple(2, 129)));

        Assert.Equal(58, flow.Protocol);
        Assert.Equal("fd00::1", flow.Original.Source.ToString());
        Assert.Equal((0, 0), (flow.Original.SourcePort, flow.Original.DestinationPort));
    }

    [Fact]
    public void TryParse_Zones_AreKeptApart()
    {
        byte[] WithZone(byte[] tuple, int zone) => Attribute((ushort)(tuple[2] | 0x8000), Join(tuple[4..], Attribute(3, Big16(zone))));
        var directional = Parse(Join(GenericInet, WithZone(s_original, 100), WithZone(s_reply, 200)));
        var plain = Parse(Join(GenericInet, s_original, s_reply, Attribute(18, Big16(7))));

        Assert.Equal((100, 200), (directional.OriginalZone, directional.ReplyZone));
        Assert.True(directional.Has(ConntrackFields.OriginalZone | ConntrackFields.ReplyZone));
        Assert.False(directional.Has(ConntrackFields.Zone));
        Assert.Equal(7, plain.Zone);
        Assert.True(plain.Has(ConntrackFields.Zone));
    }

    [Fact]
    public void TryParse_Sctp_ReadsTheState() =>
        Assert.Equal(4, Parse(Join(GenericInet, s_original, s_reply, Nested(4, Nested(3, Attribute(1, 4))))).SctpState);

    [Fact]
    public void TryParse_Offloaded_HasNeitherTimeoutNorState()
    {
        var flow = Parse(Join(GenericInet, s_original, s_reply, Attribute(3, Big32(0x418E))));

        Assert.True((flow.Status & ConntrackStatus.Offload) != 0);
        Assert.False(flow.Has(ConntrackFields.Timeout));
        Assert.False(flow.IsHalfClosed);
    }

    [Fact]
    public void TryParse_UnknownAttribute_IsPassedOver() =>
        Assert.True(Parse(Join(GenericInet, s_original, Attribute(999, 1, 2, 3), Nested(21, Attribute(1)), s_reply)).Protocol == 6);

    [Fact]
    public void TryParse_OddLength_LosesOnlyThatMember()
    {
        var flow = Parse(Join(GenericInet, s_original, s_reply, Attribute(7, 1, 2, 3), Attribute(12, Big32(5))));

        Assert.False(flow.Has(ConntrackFields.Timeout));
        Assert.Equal(5u, flow.Id);
    }

    [Fact]
    public void TryParse_NextEntry_KeepsNothingOfTheLast()
    {
        var flow = default(ConntrackFlow);
        Assert.True(ConntrackFlowParser.TryParse(CloseWait(), ref flow));

        Assert.True(ConntrackFlowParser.TryParse(Join(GenericInet, s_original, s_reply), ref flow));

        Assert.Equal(ConntrackFields.None, flow.Present);
        Assert.Equal((0u, 0u), (flow.TimeoutSeconds, flow.Id));
    }

    public static TheoryData<string, byte[]> Malformed => new()
    {
        { "empty", [] },
        { "half a header", [2, 0, 0] },
        { "no tuple", GenericInet },
        { "no reply", Join(GenericInet, s_original) },
        { "no original", Join(GenericInet, s_reply) },
        { "empty tuple", Join(GenericInet, Nested(1), s_reply) },
        { "no protocol", Join(GenericInet, Nested(1, Nested(1, Attribute(1, Big32(1)), Attribute(2, Big32(2)))), s_reply) },
        { "address of three bytes", Join(GenericInet, Nested(1, Nested(1, Attribute(1, 1, 2, 3), Attribute(2, Big32(2))), Nested(2, Attribute(1, 6))), s_reply) },
        { "attribute longer than the message", Join(GenericInet, s_original, s_reply, [0xFF, 0xFF, 3, 0]) },
        { "attribute shorter than its header", Join(GenericInet, s_original, s_reply, [3, 0, 3, 0]) },
        { "attribute of length zero", Join(GenericInet, s_original, s_reply, [0, 0, 0, 0]) },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void TryParse_Malformed_IsRefused(string name, byte[] payload)
    {
        var flow = default(ConntrackFlow);

        Assert.False(ConntrackFlowParser.TryParse(payload, ref flow), name);
    }

    private static ConntrackFlow Parse(byte[] payload)
    {
        var flow = default(ConntrackFlow);
        Assert.True(ConntrackFlowParser.TryParse(payload, ref flow));
        return flow;
    }
}
