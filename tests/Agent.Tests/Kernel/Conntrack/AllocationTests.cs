using System.Runtime.InteropServices;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Netlink;
using Xunit;
using static Agent.Tests.Kernel.Testing.FlowBytes;
using static Agent.Tests.Kernel.Testing.NetlinkBytes;

namespace Agent.Tests.Kernel.Conntrack;

/// <summary>A scan costs the same memory whatever the table's size.</summary>
public sealed class AllocationTests
{
    private const int MaxBytes = 4096;

    [Theory]
    [InlineData(100)]
    [InlineData(2_000)]
    public void Dump_AnyNumberOfEntries_AllocatesNextToNothing(int datagrams)
    {
        using var kernel = new RepeatingKernel(datagrams);
        using var table = new ConntrackNetlink(kernel);
        var sink = new CountingSink();

        var allocated = Measure(() => table.Dump(0, ref sink, CancellationToken.None));

        Assert.Equal(2L * datagrams * RepeatingKernel.EntriesPerDatagram, sink.Count);
        Assert.InRange(allocated, 0, MaxBytes);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(20_000)]
    public void DumpOfProcFs_AnyNumberOfEntries_AllocatesNextToNothing(int lines)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllLines(path, Enumerable.Repeat(
                "ipv6     10 tcp      6 3596 CLOSE_WAIT src=fd00:0000:0000:0000:0000:0000:0000:0001 dst=fd00:0010:0096:0000:0000:0000:0000:000a sport=4242 dport=443 "
                + "src=fd00:0010:0244:0000:0000:0000:0000:0007 dst=fd00:0000:0000:0000:0000:0000:0000:0001 sport=8443 dport=4242 [ASSURED] mark=0 zone=0 use=2", lines));
            using var buffer = new NetlinkBuffer();
            var sink = new CountingSink();

            var allocated = Measure(() => ConntrackProcFs.Dump(path, buffer, ref sink, CancellationToken.None));

            Assert.Equal(2L * lines, sink.Count);
            Assert.InRange(allocated, 0, MaxBytes);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>What a second call allocates: the first one compiles.</summary>
    private static long Measure(Func<DumpResult> dump)
    {
        dump();
        var before = GC.GetAllocatedBytesForCurrentThread();
        dump();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private struct CountingSink : IConntrackSink
    {
        public long Count { get; private set; }

        public void OnFlow(in ConntrackFlow flow) => Count++;

        public readonly void Restart()
        {
        }
    }

    /// <summary>Sends the same full datagram again and again, then the end.</summary>
    private sealed class RepeatingKernel(int datagrams) : INetlinkTransport
    {
        public const int EntriesPerDatagram = 100;

        private readonly byte[] _datagram = Join([.. Enumerable.Repeat(Message(0x100, 2, 0, CloseWait()), EntriesPerDatagram)]);
        private readonly byte[] _done = Message(3, 2, 0, [0, 0, 0, 0]);
        private int _sent;

        public uint PortId => 4711;

        public void Send(ReadOnlySpan<byte> request)
        {
            _sent = 0;
            var sequence = MemoryMarshal.Read<uint>(request[8..]);
            MemoryMarshal.Write(_done.AsSpan(8), sequence);
            for (var start = 0; start < _datagram.Length; start += _datagram.Length / EntriesPerDatagram)
            {
                MemoryMarshal.Write(_datagram.AsSpan(start + 8), sequence);
            }
        }

        public int Receive(Span<byte> buffer)
        {
            var bytes = _sent++ < datagrams ? _datagram : _done;
            bytes.CopyTo(buffer);
            return bytes.Length;
        }

        public void Dispose()
        {
        }
    }
}
