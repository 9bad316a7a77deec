using Agent.Kernel;
using Agent.Kernel.Netlink;
using Agent.Tests.Kernel.Testing;
using Xunit;
using static Agent.Tests.Kernel.Testing.NetlinkBytes;

namespace Agent.Tests.Kernel.Netlink;

public sealed class NetlinkConnectionTests
{
    private const ushort Interrupted = 0x10;
    private const ushort Multi = 2;

    [Fact]
    public void Dump_SeveralDatagrams_HandsOverEveryMessage()
    {
        var (result, payloads) = Run(request =>
            [Join(Part(request, [1]), Part(request, [2, 2])), Part(request, [3, 3, 3]), Done(request)]);

        Assert.Equal(new DumpResult(3, 0, false, 0), result);
        Assert.Equal(["01", "0202", "030303"], payloads);
    }

    [Fact]
    public void Dump_DoneInTheSameDatagram_EndsThere()
    {
        var (result, payloads) = Run(request => [Join(Part(request, [1]), Done(request), Part(request, [9]))]);

        Assert.Equal(1, result.Messages);
        Assert.Equal(["01"], payloads);
    }

    [Fact]
    public void Dump_OtherSequenceOrPort_IsPassedOver()
    {
        var (result, payloads) = Run(request =>
            [Message(0x100, Multi, request.Sequence + 1, [1]), Message(3, Multi, request.Sequence - 1, [0, 0, 0, 0]),
             Message(0x100, Multi, request.Sequence, [2], portId: 1), Part(request, [3]), Done(request)]);

        Assert.Equal(new DumpResult(1, 0, false, 0), result);
        Assert.Equal(["03"], payloads);
    }

    [Fact]
    public void Dump_Noop_IsPassedOver()
    {
        var (result, _) = Run(request => [Message(1, 0, request.Sequence, []), Done(request)]);

        Assert.Equal(new DumpResult(0, 0, false, 0), result);
    }

    [Fact]
    public void Dump_InterruptedOnce_StartsOverAndForgets()
    {
        var tries = 0;
        var (result, payloads) = Run(request => tries++ == 0
            ? [Part(request, [1]), Part(request, [2], Multi | Interrupted), Part(request, [3]), Done(request, flags: Multi | Interrupted)]
            : [Part(request, [4]), Done(request)]);

        Assert.Equal(new DumpResult(1, 1, false, 0), result);
        Assert.Equal(["restart", "04"], payloads[^2..]);
    }

    [Fact]
    public void Dump_AlwaysInterrupted_GivesUpWithWhatThereIs()
    {
        var tries = 0;
        var (result, payloads) = Run(request =>
        {
            tries++;
            return [Part(request, [1], Multi | Interrupted), Part(request, [2]), Done(request)];
        });

        Assert.Equal(NetlinkConnection.MaxRetries + 1, tries);
        Assert.Equal(new DumpResult(2, NetlinkConnection.MaxRetries, true, 0), result);
        Assert.Equal(["01", "02"], payloads[^2..]);
    }

    [Fact]
    public void Dump_AnswersLost_StartsOver()
    {
        var tries = 0;
        var (result, _) = Run(request => tries++ == 0
            ? [Part(request, [1]), Datagram.Error(ErrnoText.ENOBUFS), Done(request)]
            : [Part(request, [1]), Part(request, [2]), Done(request)]);

        Assert.Equal(new DumpResult(2, 1, false, 0), result);
    }

    [Fact]
    public void Dump_OverrunForEver_Ends()
    {
        var exception = Assert.Throws<KernelException>(() => Run(static _ => Enumerable.Repeat(Datagram.Error(ErrnoText.ENOBUFS), 1000)));

        Assert.Equal(ErrnoText.ENOBUFS, exception.Errno);
    }

    [Fact]
    public void Dump_DatagramLongerThanBuffer_IsTriedAgainAndReported()
    {
        var (result, payloads) = Run(request => [Join(Part(request, [1]), Part(request, new byte[NetlinkBuffer.Size])), Done(request)]);

        Assert.True(result.Interrupted);
        Assert.Equal(NetlinkConnection.MaxRetries, result.Retries);
        Assert.Equal("01", payloads[^1]);

        // Each try counts the cut and the half message it leaves.
        Assert.Equal(2 * (NetlinkConnection.MaxRetries + 1), result.Malformed);
    }

    [Fact]
    public void Dump_RefusedMessage_IsCountedAsMalformed()
    {
        var (result, _) = Run(request => [Part(request, [0xFF]), Part(request, [1]), Done(request)]);

        Assert.Equal(new DumpResult(1, 0, false, 1), result);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Dump_Error_ThrowsWithTheKernelsMessage(bool capped)
    {
        var exception = Assert.Throws<KernelException>(() => Run(request => [Error(request, 95, "Cannot dump that", capped)]));

        Assert.Equal(95, exception.Errno);
        Assert.Contains("Cannot dump that", exception.Message, StringComparison.Ordinal);
        Assert.Contains("a test", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dump_PermissionDenied_NamesTheCapability()
    {
        var exception = Assert.Throws<KernelException>(() => Run(static request => [Error(request, 1)]));

        Assert.True(exception.IsDenied);
        Assert.Contains("CAP_NET_ADMIN", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dump_DoneWithError_Throws()
    {
        var exception = Assert.Throws<KernelException>(() => Run(static request => [Part(request, [1]), Done(request, -22)]));

        Assert.Equal(ErrnoText.EINVAL, exception.Errno);
    }

    [Fact]
    public void Dump_NoAnswer_TimesOut()
    {
        var exception = Assert.Throws<KernelException>(() => Run(static _ => []));

        Assert.Equal(ErrnoText.ETIMEDOUT, exception.Errno);
    }

    [Fact]
    public void Dump_Cancelled_Throws() =>
        Assert.Throws<OperationCanceledException>(() => RunUntil(static request => [Done(request)], new CancellationToken(canceled: true)));

    [Fact]
    public void GetOne_ExpectedError_IsAnAnswer()
    {
        using var kernel = new FakeKernel(static request => [Error(request, ErrnoText.ENOENT)]);
        var handler = new PayloadLog(int.MaxValue);

        using var connection = new NetlinkConnection(kernel);

        var errno = connection.GetOne(Request(), "a test", ErrnoText.ENOENT, ref handler);

        Assert.Equal(ErrnoText.ENOENT, errno);
        Assert.Empty(handler.Log);
    }

    [Fact]
    public void GetOne_OneMessage_NeedsNoDone()
    {
        using var kernel = new FakeKernel(static request => [Part(request, [7], flags: 0)]);
        var handler = new PayloadLog(int.MaxValue);

        using var connection = new NetlinkConnection(kernel);

        Assert.Equal(0, connection.GetOne(Request(), "a test", 0, ref handler));
        Assert.Equal(["07"], handler.Log);
    }

    [Fact]
    public void Dump_FullHandler_LeavesTheRestUnread()
    {
        var (result, payloads) = RunUntil(
            static request => [Part(request, [1]), Part(request, [2]), Datagram.Error(ErrnoText.EINVAL)],
            TestContext.Current.CancellationToken,
            limit: 2);

        Assert.Equal(new DumpResult(2, 0, false, 0), result);
        Assert.Equal(["01", "02"], payloads);
    }

    [Fact]
    public void Dump_AnswersLostBeforeTheHandlerIsFull_StartsOver()
    {
        var tries = 0;
        var (result, payloads) = RunUntil(
            request => tries++ == 0
                ? [Part(request, [1]), Datagram.Error(ErrnoText.ENOBUFS), Part(request, [2]), Done(request)]
                : [Part(request, [3]), Part(request, [4])],
            TestContext.Current.CancellationToken,
            limit: 2);

        Assert.Equal(new DumpResult(2, 1, false, 0), result);
        Assert.Equal(["restart", "03", "04"], payloads[^3..]);
    }

    private static (DumpResult Result, List<string> Payloads) Run(Func<NetlinkRequest, IEnumerable<Datagram>> answer) =>
        RunUntil(answer, TestContext.Current.CancellationToken);

    private static (DumpResult Result, List<string> Payloads) RunUntil(
        Func<NetlinkRequest, IEnumerable<Datagram>> answer, CancellationToken cancellationToken, int limit = int.MaxValue)
    {
        using var kernel = new FakeKernel(answer);
        var handler = new PayloadLog(limit);
        using var connection = new NetlinkConnection(kernel);
        var result = connection.Dump(Request(), "a test", ref handler, cancellationToken);
        return (result, handler.Log);
    }

    private static byte[] Request()
    {
        var writer = new NetlinkRequestWriter(new byte[64], 0x101, 0x300, 77);
        writer.WriteBytes([0, 0, 0, 0]);
        return writer.Finish().ToArray();
    }

    /// <summary>Takes every payload but one that starts with 0xFF, up to a limit.</summary>
    private struct PayloadLog(int limit) : INetlinkMessageHandler
    {
        private int _taken;

        public List<string> Log { get; } = [];

        public readonly bool IsFull => _taken >= limit;

        public bool OnMessage(ushort type, ReadOnlySpan<byte> payload)
        {
            if (payload is [0xFF, ..])
            {
                return false;
            }

            _taken++;
            Log.Add(Convert.ToHexString(payload));
            return true;
        }

        public void Restart()
        {
            _taken = 0;
            Log.Add("restart");
        }
    }
}
