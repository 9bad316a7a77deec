using System.Buffers.Binary;
using Agent.Kernel;
using Agent.Kernel.Netlink;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Kernel.SockDiag;

public sealed class SockDiagNetlinkTests : IDisposable
{
    private readonly NetlinkBuffer _buffer = new();

    public void Dispose() => _buffer.Dispose();

    [Fact]
    public void Dump_KernelThatKnowsTheOlderRequest_AsksOnceForBothFamilies()
    {
        using var kernel = new FakeSockDiag(refuseLegacy: false);
        using var diag = SockDiagNetlink.Open(kernel, _buffer);
        var ports = new Ports();

        var result = diag.Dump(TcpStates.HalfClosed, SockDiagExtensions.Info, ref ports, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(new DumpResult(4, 0, false, 0), result);
        Assert.Equal([1, 2, 3, 4], ports.Seen);
        var request = Assert.Single(kernel.Requests);
        Assert.Equal(16 + 60, request.Length);
        Assert.Equal(18, request[4]);
        Assert.Equal(0, request[16]); // AF_UNSPEC
        Assert.Equal(2, request[16 + 3]); // INET_DIAG_INFO
        Assert.Equal(TcpStates.HalfClosed, BinaryPrimitives.ReadUInt32LittleEndian(request.AsSpan(16 + 52)));
        Assert.False(diag.DumpsEachFamily);
    }

    [Fact]
    public void Dump_KernelThatRefusesTheOlderRequest_AsksForEachFamilyFromThenOn()
    {
        using var kernel = new FakeSockDiag(refuseLegacy: true);
        using var diag = SockDiagNetlink.Open(kernel, _buffer);
        var ports = new Ports();

        Assert.Equal(4, diag.Dump(TcpStates.All, SockDiagExtensions.None, ref ports, cancellationToken: TestContext.Current.CancellationToken).Messages);
        Assert.Equal([1, 2, 3, 4], ports.Seen);
        Assert.True(diag.DumpsEachFamily);
        Assert.Equal([18, 20, 20], kernel.Requests.Select(static request => (int)request[4]));
        Assert.Equal([2, 10], kernel.Requests.Skip(1).Select(static request => (int)request[16]));
        Assert.All(kernel.Requests.Skip(1), static request =>
        {
            Assert.Equal(16 + 56, request.Length);
            Assert.Equal(6, request[16 + 1]); // IPPROTO_TCP
            Assert.Equal(TcpStates.All, BinaryPrimitives.ReadUInt32LittleEndian(request.AsSpan(16 + 4)));
        });

        _ = diag.Dump(TcpStates.All, SockDiagExtensions.None, ref ports, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(5, kernel.Requests.Count);
    }

    [Fact]
    public void Dump_NeitherRequestWorks_Throws()
    {
        using var kernel = new FakeSockDiag(refuseLegacy: true) { RefuseAll = true };
        using var diag = SockDiagNetlink.Open(kernel, _buffer);
        var ports = new Ports();

        var thrown = Assert.Throws<KernelException>(() => diag.Dump(TcpStates.All, SockDiagExtensions.None, ref ports, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(ErrnoText.ENOENT, thrown.Errno);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    [InlineData(100, 3)]
    public void Dump_Limit_StopsReadingOnceItIsReached(int limit, int datagrams)
    {
        using var kernel = new FakeSockDiag(refuseLegacy: false);
        using var diag = SockDiagNetlink.Open(kernel, _buffer);
        var ports = new Ports();

        var result = diag.Dump(TcpStates.All, SockDiagExtensions.None, ref ports, limit, TestContext.Current.CancellationToken);

        Assert.Equal(Math.Min(limit, 4), result.Messages);
        Assert.Equal(Math.Min(limit, 4), ports.Seen.Count);
        Assert.Equal(datagrams, kernel.Received);
    }

    [Fact]
    public void Dump_CancelledToken_Stops()
    {
        using var kernel = new FakeSockDiag(refuseLegacy: false);
        using var diag = SockDiagNetlink.Open(kernel, _buffer);
        var ports = new Ports();

        Assert.Throws<OperationCanceledException>(() => diag.Dump(TcpStates.All, SockDiagExtensions.None, ref ports, cancellationToken: new(true)));
    }

    /// <summary>Two sockets of each family, two to a datagram.</summary>
    private sealed class FakeSockDiag(bool refuseLegacy) : INetlinkTransport
    {
        private readonly Queue<byte[]> _pending = new();

        public uint PortId => 4711;

        public bool RefuseAll { get; init; }

        public List<byte[]> Requests { get; } = [];

        public int Received { get; private set; }

        public void Send(ReadOnlySpan<byte> request)
        {
            Requests.Add(request.ToArray());
            var sequence = BinaryPrimitives.ReadUInt32LittleEndian(request[8..]);
            if (RefuseAll || (refuseLegacy && request[4] == 18))
            {
                _pending.Enqueue(DiagBytes.Netlink(2, sequence, PortId, [.. BitConverter.GetBytes(-ErrnoText.ENOENT), .. new byte[16]]));
                return;
            }

            if (request[16] is 0 or 2)
            {
                _pending.Enqueue([.. Socket(sequence, 2, 1), .. Socket(sequence, 2, 2)]);
            }

            if (request[16] is 0 or 10)
            {
                _pending.Enqueue([.. Socket(sequence, 10, 3), .. Socket(sequence, 10, 4)]);
            }

            _pending.Enqueue(DiagBytes.Netlink(3, sequence, PortId, new byte[4]));
        }

        public int Receive(Span<byte> buffer)
        {
            Received++;
            var datagram = _pending.Dequeue();
            datagram.CopyTo(buffer);
            return datagram.Length;
        }

        public void Dispose()
        {
        }

        private byte[] Socket(uint sequence, byte family, ushort port) =>
            DiagBytes.Netlink(20, sequence, PortId, DiagBytes.Message(family, TcpState.CloseWait, new byte[family == 2 ? 4 : 16], new byte[16], port, 9));
    }

    private struct Ports() : ISocketSink
    {
        public List<int> Seen { get; } = [];

        public readonly void OnSocket(in TcpSocket socket) => Seen.Add(socket.Tuple.SourcePort);

        public readonly void Restart() => Seen.Clear();
    }
}
