using Agent.Kernel;
using Agent.Kernel.Netlink;
using Agent.Tests.Kernel.Testing;
using Xunit;
using static Agent.Tests.Kernel.Testing.NetlinkBytes;

namespace Agent.Tests.Kernel.Netlink;

public sealed class NetlinkDumpTests
{
    private const ushort Interrupted = 0x10;
    private const ushort Multi = 2;

    [Fact]
    public void Run_SeveralDatagrams_HandsOverEveryMessage()
    {
        var (result, payloads) = Run(request =>
            [Join(Part(request, [1]), Part(request, [2, 2])), Part(request, [3, 3, 3]), Done(request)]);

        Assert.Equal(new DumpResult(3, 0, false, 0), result);
        Assert.Equal(["01", "0202", "030303"], payloads);
    }

    [Fact]
    public void Run_DoneInTheSameDatagram_EndsThere()
    {
        var (result, payloads) = Run(request => [Join(Part(request, [1]), Done(request), Part(request, [9]))]);

        Assert.Equal(1, result.Messages);
        Assert.Equal(["01"], payloads);
    }

    [Fact]
    public void Run_OtherSequenceOrPort_IsPassedOver()
    {
        var (result, payloads) = Run(request =>
            [Message(0x100, Multi, request.Sequence + 1, [1]), Message(3, Multi, request.Sequence - 1, [0, 0, 0, 0]),
             Message(0x100, Multi, request.Sequence, [2], portId: 1), Part(request, [3]), Done(request)]);

        Assert.Equal(new DumpResult(1, 0, false, 0), result);
        Assert.Equal(["03"], payloads);
    }

    [Fact]
    public void Run_Noop_IsPassedOver()
    {
        var (result, _) = Run(request => [Message(1, 0, request.Sequence, []), Done(request)]);

        Assert.Equal(new DumpResult(0, 0, false, 0), result);
    }

    [Fact]
    public void Run_InterruptedOnce_StartsOverAndForgets()
    {
        var tries = 0;
        var (result, payloads) = Run(request => tries++ == 0
            ? [Part(request, [1]), Part(request, [2], Multi | Interrupted), Part(request, [3]), Done(request, flags: Multi | Interrupted)]
            : [Part(request, [4]), Done(request)]);

        Assert.Equal(new DumpResult(1, 1, false, 0), result);
        Assert.Equal(["restart", "04"], payloads[^2..]);
    }

    [Fact]
    public void Run_AlwaysInterrupted_GivesUpWithWhatThereIs()
    {
        var tries = 0;
        var (result, payloads) = Run(request =>
        {
            tries++;
            return [Part(request, [1], Multi | Interrupted), Part(request, [2]), Done(request)];
        });

        Assert.Equal(NetlinkDump.MaxRetries + 1, tries);
        Assert.Equal(new DumpResult(2, NetlinkDump.MaxRetries, true, 0), result);
        Assert.Equal(["01", "02"], payloads[^2..]);
    }

    [Fact]
    public void Run_AnswersLost_StartsOver()
    {
        var tries = 0;
        var (result, _) = Run(request => tries++ == 0
            ? [Part(request, [1]), Datagram.Error(ErrnoText.ENOBUFS), Done(request)]
            : [Part(request, [1]), Part(request, [2]), Done(request)]);

        Assert.Equal(new DumpResult(2, 1, false, 0), result);
    }

    [Fact]
    public void Run_OverrunForEver_Ends()
    {
        var exception = Assert.Throws<KernelException>(() => Run(static _ => Enumerable.Repeat(Datagram.Error(ErrnoText.ENOBUFS), 1000)));

        Assert.Equal(ErrnoText.ENOBUFS, exception.Errno);
    }

    [Fact]
    public void Run_DatagramLongerThanBuffer_IsTriedAgainAndReported()
    {
        var (result, payloads) = Run(request => [Join(Part(request, [1]), Part(request, new byte[2000])), Done(request)]);

        Assert.True(result.Interrupted);
        Assert.Equal(NetlinkDump.MaxRetries, result.Retries);
        Assert.Equal("01", payloads[^1]);

        // Each try counts the cut and the half message it leaves.
        Assert.Equal(2 * (NetlinkDump.MaxRetries + 1), result.Malformed);
    }

    [Fact]
    public void Run_RefusedMessage_IsCountedAsMalformed()
    {
        var (result, _) = Run(request => [Part(request, [0xFF]), Part(request, [1]), Done(request)]);

        Assert.Equal(new DumpResult(1, 0, false, 1), result);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Run_Error_ThrowsWithTheKernelsMessage(bool capped)
    {
        var exception = Assert.Throws<KernelException>(() => Run(request => [Error(request, 95, "Cannot dump that", capped)]));

        Assert.Equal(95, exception.Errno);
        Assert.Contains("Cannot dump that", exception.Message, StringComparison.Ordinal);
        Assert.Contains("a test", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_PermissionDenied_NamesTheCapability()
    {
        var exception = Assert.Throws<KernelException>(() => Run(static request => [Error(request, 1)]));

        Assert.True(exception.IsDenied);
        Assert.Contains("CAP_NET_ADMIN", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_DoneWithError_Throws()
    {
        var exception = Assert.Throws<KernelException>(() => Run(static request => [Part(request, [1]), Done(request, -22)]));

        Assert.Equal(ErrnoText.EINVAL, exception.Errno);
    }

    [Fact]
    public void Run_NoAnswer_TimesOut()
    {
        var exception = Assert.Throws<KernelException>(() => Run(static _ => []));

        Assert.Equal(ErrnoText.ETIMEDOUT, exception.Errno);
    }

    [Fact]
    public void Run_Cancelled_Throws() =>
        Assert.Throws<OperationCanceledException>(() => RunUntil(static request => [Done(request)], new CancellationToken(canceled: true)));

    [Fact]
    public void RunSingle_ExpectedError_IsAnAnswer()
    {
        using var kernel = new FakeKernel(static request => [Error(request, ErrnoText.ENOENT)]);
        var handler = new PayloadLog();

        var errno = NetlinkDump.RunSingle(kernel, new byte[1024], Request(), "a test", ErrnoText.ENOENT, ref handler);

        Assert.Equal(ErrnoText.ENOENT, errno);
        Assert.Empty(handler.Log);
    }

    [Fact]
    public void RunSingle_OneMessage_NeedsNoDone()
    {
        using var kernel = new FakeKernel(static request => [Part(request, [7], flags: 0)]);
        var handler = new PayloadLog();

        Assert.Equal(0, NetlinkDump.RunSingle(kernel, new byte[1024], Request(), "a test", 0, ref handler));
        Assert.Equal(["07"], handler.Log);
    }

    private static (DumpResult Result, List<string> Payloads) Run(Func<NetlinkRequest, IEnumerable<Datagram>> answer) =>
        RunUntil(answer, TestContext.Current.CancellationToken);

    private static (DumpResult Result, List<string> Payloads) RunUntil(
        Func<NetlinkRequest, IEnumerable<Datagram>> answer, CancellationToken cancellationToken)
    {
        using var kernel = new FakeKernel(answer);
        var handler = new PayloadLog();
        var result = NetlinkDump.Run(kernel, new byte[1024], Request(), "a test", ref handler, cancellationToken);
        return (result, handler.Log);
    }

    private static byte[] Request()
    {
        var writer = new NetlinkRequestWriter(new byte[64], 0x101, 0x300, 77);
        writer.WriteBytes([0, 0, 0, 0]);
        return writer.Finish().ToArray();
    }

    /// <summary>Takes every payload but one that starts with 0xFF.</summary>
    private readonly struct PayloadLog() : INetlinkMessageHandler
    {
        public List<string> Log { get; } = [];

        public bool OnMessage(ushort type, ReadOnlySpan<byte> payload)
        {
            if (payload is [0xFF, ..])
            {
                return false;
            }

            Log.Add(Convert.ToHexString(payload));
            return true;
        }

        public void Restart() => Log.Add("restart");
    }
}
