using System.Text;
using Agent.Kernel;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Netlink;
using Agent.Tests.Kernel.Testing;
using Xunit;

namespace Agent.Tests.Kernel.Conntrack;

public sealed class ConntrackProcFsTests : IDisposable
{
    private const string Line = "udp 17 30 src=1.1.1.1 dst=2.2.2.2 sport=1 dport=2 src=2.2.2.2 dst=1.1.1.1 sport=2 dport=1 use=1";

    private readonly string _path = Path.GetTempFileName();
    private readonly NetlinkBuffer _buffer = new();

    public void Dispose()
    {
        File.Delete(_path);
        _buffer.Dispose();
    }

    [Fact]
    public void Dump_TableOfLinux618_ReadsEveryProtocol()
    {
        var (result, sink) = Dump(Path.Combine(AppContext.BaseDirectory, "Fixtures/proc/linux-6.18/net/nf_conntrack"));

        Assert.Equal(new DumpResult(13, 0, false, 0), result);
        Assert.Equal(
            ["1", "132", "136", "17", "47", "58", "6", "89"],
            sink.Flows.Select(static flow => flow.Protocol.ToString(System.Globalization.CultureInfo.InvariantCulture)).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(3, sink.Flows.Count(static flow => flow.IsHalfClosed));
        Assert.All(sink.Flows, static flow => Assert.True(flow.Has(ConntrackFields.Timeout)));
    }

    [Fact]
    public void Dump_OtherLines_AreCountedAndEmptyOnesAreNot()
    {
        var (result, _) = Dump($"{Line}\n\nconntrack v1.4.7 (conntrack-tools)\n{Line}\n   \n{Line}");

        Assert.Equal(new DumpResult(3, 0, false, 1), result);
    }

    [Fact]
    public void Dump_LineLongerThanTheBuffer_IsDroppedAlone()
    {
        var (result, _) = Dump($"{Line}\n{Line} x={new string('y', 3 * NetlinkBuffer.Size)}\n{Line}\n");

        Assert.Equal(new DumpResult(2, 0, false, 1), result);
    }

    [Fact]
    public void Dump_LastLineLongerThanTheBuffer_IsCounted()
    {
        var (result, _) = Dump($"{Line}\n{Line} x={new string('y', 2 * NetlinkBuffer.Size)}");

        Assert.Equal(new DumpResult(1, 0, false, 1), result);
    }

    [Fact]
    public void Dump_LineThatFillsTheBuffer_IsRead()
    {
        var padded = Line + new string(' ', NetlinkBuffer.Size - Line.Length - 1);
        var (result, _) = Dump($"{padded}\n{Line}\n{padded}\n");

        Assert.Equal(new DumpResult(3, 0, false, 0), result);
    }

    [Fact]
    public void Dump_NoFile_Throws()
    {
        var sink = new FlowList();

        var exception = Assert.Throws<KernelException>(
            () => ConntrackProcFs.Dump("/proc/no/such/file", _buffer, ref sink, TestContext.Current.CancellationToken));

        Assert.True(exception.IsGone);
        Assert.Contains("/proc/no/such/file", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dump_Cancelled_Throws()
    {
        var sink = new FlowList();

        Assert.Throws<OperationCanceledException>(() => ConntrackProcFs.Dump(_path, _buffer, ref sink, new CancellationToken(canceled: true)));
    }

    private (DumpResult Result, FlowList Sink) Dump(string textOrPath)
    {
        var path = textOrPath;
        if (!Path.IsPathRooted(textOrPath))
        {
            File.WriteAllBytes(_path, Encoding.ASCII.GetBytes(textOrPath));
            path = _path;
        }

        var sink = new FlowList();
        return (ConntrackProcFs.Dump(path, _buffer, ref sink, TestContext.Current.CancellationToken), sink);
    }
}
