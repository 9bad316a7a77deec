using Agent.Kernel;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;
using Agent.Kernel.Netlink;
using Agent.Tests.Kernel.Testing;
using Xunit;
using static Agent.Tests.Kernel.Testing.FlowBytes;
using static Agent.Tests.Kernel.Testing.NetlinkBytes;

namespace Agent.Tests.Kernel.Conntrack;

public sealed class ConntrackNetlinkTests
{
    private const ushort Get = 0x101;
    private const ushort Dump = 0x301;

    [Fact]
    public void Dump_BothFamilies_AsksForAllAndStreams()
    {
        using var kernel = new FakeKernel(static request => [Join(Part(request, CloseWait()), Part(request, [1, 2, 3])), Part(request, CloseWait()), Done(request)]);
        using var table = new ConntrackNetlink(kernel);
        var sink = new FlowList();

        var result = table.Dump(0, ref sink, TestContext.Current.CancellationToken);

        Assert.Equal(new DumpResult(2, 0, false, 1), result);
        Assert.Equal(2, sink.Flows.Count);
        var request = Assert.Single(kernel.Requests);
        Assert.Equal((Get, Dump), (request.Type, request.Flags));
        Assert.Equal([0, 0, 0, 0], request.Payload);
    }

    [Fact]
    public void Dump_Inconsistent_RestartsTheSink()
    {
        var tries = 0;
        using var kernel = new FakeKernel(request => [Part(request, CloseWait(), (ushort)(tries++ == 0 ? 0x12 : 2)), Done(request)]);
        using var table = new ConntrackNetlink(kernel);
        var sink = new FlowList();

        var result = table.Dump(0, ref sink, TestContext.Current.CancellationToken);

        Assert.Equal(new DumpResult(1, 1, false, 0), result);
        Assert.Equal(1, sink.Restarts);
    }

    [Fact]
    public void Dump_Twice_UsesANewSequenceNumber()
    {
        using var kernel = new FakeKernel(static request => [Done(request)]);
        using var table = new ConntrackNetlink(kernel);
        var sink = new FlowList();

        table.Dump(0, ref sink, TestContext.Current.CancellationToken);
        table.Dump(0, ref sink, TestContext.Current.CancellationToken);

        Assert.NotEqual(kernel.Requests[0].Sequence, kernel.Requests[1].Sequence);
    }

    [Fact]
    public void TryLookup_Found_SendsTheTupleAndReadsTheEntry()
    {
        using var kernel = new FakeKernel(static request => [Part(request, CloseWait(), flags: 0)]);
        using var table = new ConntrackNetlink(kernel);

        Assert.True(table.TryLookup(6, new(IpAddress.FromIPv4(0x0A00_0001), IpAddress.FromIPv4(0x0A60_0001), 4242, 80), out var flow));

        Assert.Equal(TcpConntrackState.CloseWait, flow.TcpState);
        var request = Assert.Single(kernel.Requests);
        Assert.Equal((Get, (ushort)1), (request.Type, request.Flags));
        Assert.Equal(Join(GenericInet, Tuple4(1, 0x0A00_0001, 0x0A60_0001, 6, 4242, 80)), request.Payload);
    }

    [Fact]
    public void TryLookup_NoEntry_IsFalse()
    {
        using var kernel = new FakeKernel(static request => [Error(request, ErrnoText.ENOENT)]);
        using var table = new ConntrackNetlink(kernel);

        Assert.False(table.TryLookup(6, default, out _));
        Assert.Equal(10, kernel.Requests[0].Payload[0]);
    }

    [Fact]
    public void TryLookup_Denied_Throws()
    {
        using var kernel = new FakeKernel(static request => [Error(request, ErrnoText.EPERM)]);
        using var table = new ConntrackNetlink(kernel);

        Assert.True(Assert.Throws<KernelException>(() => table.TryLookup(6, default, out _)).IsDenied);
    }

    [Fact]
    public void ReadStatistics_TwoProcessors_AddsThemUp()
    {
        byte[] Processor(byte number, uint value) =>
            Join([0, 0, 0, number], Attribute(2, Big32(value)), Attribute(4, Big32(uint.MaxValue)), Attribute(99, Big32(7)));
        using var kernel = new FakeKernel(request => [Join(Part(request, Processor(0, 1)), Part(request, Processor(1, 2))), Done(request)]);
        using var table = new ConntrackNetlink(kernel);

        var statistics = table.ReadStatistics(TestContext.Current.CancellationToken);

        Assert.Equal(new ConntrackStatistics { Found = 3, Invalid = 2ul * uint.MaxValue }, statistics);
        Assert.Equal(0x104, kernel.Requests[0].Type);
    }

    [Fact]
    public void ReadCount_OldKernel_HasNoLimit()
    {
        using var kernel = new FakeKernel(static request => [Part(request, Join([0, 0, 0, 0], Attribute(1, Big32(12))), flags: 0)]);
        using var table = new ConntrackNetlink(kernel);

        Assert.Equal(new ConntrackCount(12, null), table.ReadCount());
    }

    [Fact]
    public void Dispose_ClosesTheTransport()
    {
        using var kernel = new FakeKernel(static _ => []);

        new ConntrackNetlink(kernel).Dispose();

        Assert.True(kernel.IsDisposed);
    }

}
