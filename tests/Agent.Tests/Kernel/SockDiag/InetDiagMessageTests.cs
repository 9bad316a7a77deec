using Agent.Kernel.SockDiag;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Kernel.SockDiag;

public sealed class InetDiagMessageTests
{
    /// <summary>A CLOSE_WAIT socket with 5 unread bytes, as Linux 6.18 sent it; and an orphaned FIN_WAIT2 one, which has no attributes but the cgroup's.</summary>
    private static readonly byte[] s_closeWait = DiagBytes.Message(2, TcpState.CloseWait, [10, 244, 1, 7], [10, 244, 2, 9], 8080, 40000, receiveQueue: 6, inode: 77);

    [Fact]
    public void TryParse_SocketWithInfo_GivesEveryMember()
    {
        Assert.True(InetDiagMessage.TryParse([.. s_closeWait, .. DiagBytes.Info(280, 11, 22, 33, 44, 55), .. DiagBytes.CgroupId(4321)], out var socket));

        Assert.Equal("10.244.1.7:8080 > 10.244.2.9:40000", socket.Tuple.ToString());
        Assert.Equal(TcpState.CloseWait, socket.State);
        Assert.Equal(6u, socket.ReceiveQueue);
        Assert.Equal(77UL, socket.Inode);
        Assert.Equal(4321UL, socket.CgroupId);
        Assert.Equal(11u, socket.LastDataSentMilliseconds);
        Assert.Equal(22u, socket.LastDataReceivedMilliseconds);
        Assert.Equal(33u, socket.LastAckReceivedMilliseconds);
        Assert.Equal(44UL, socket.BytesReceived);
        Assert.Equal(55UL, socket.BytesSent);
        Assert.Equal(TcpSocketFields.Ages | TcpSocketFields.Bytes | TcpSocketFields.CgroupId, socket.Present);
    }

    [Theory]
    [InlineData(104, TcpSocketFields.Ages)] // Linux 2.6
    [InlineData(208, TcpSocketFields.Ages | TcpSocketFields.Bytes)]
    [InlineData(207, TcpSocketFields.Ages)]
    [InlineData(60, TcpSocketFields.Ages)]
    [InlineData(59, TcpSocketFields.None)]
    [InlineData(0, TcpSocketFields.None)]
    public void TryParse_ShorterInfo_GivesWhatFits(int length, TcpSocketFields expected)
    {
        Assert.True(InetDiagMessage.TryParse([.. s_closeWait, .. DiagBytes.Info(length, 1, 2, 3, 4, 5)], out var socket));
        Assert.Equal(expected, socket.Present);
    }

    [Fact]
    public void TryParse_MappedAddress_IsIPv4()
    {
        byte[] mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127, 0, 0, 1];
        Assert.True(InetDiagMessage.TryParse(DiagBytes.Message(10, TcpState.Established, mapped, mapped, 1, 2), out var socket));
        Assert.True(socket.IsInet6);
        Assert.Equal("127.0.0.1", socket.Tuple.Source.ToString());
    }

    [Fact]
    public void TryParse_ListenerOrRequestSocket_HasNoAges()
    {
        Assert.True(InetDiagMessage.TryParse([.. DiagBytes.Message(2, TcpState.Listen, [0, 0, 0, 0], [0, 0, 0, 0], 80, 0), .. DiagBytes.Info(280, 0, 0, 0, 0, 0)], out var listener));
        Assert.False(listener.Has(TcpSocketFields.Ages));
        Assert.True(InetDiagMessage.TryParse(DiagBytes.Message(2, TcpState.NewSynRecv, [0, 0, 0, 0], [0, 0, 0, 0], 80, 0), out var request));
        Assert.Equal(TcpState.SynRecv, request.State);
    }

    [Fact]
    public void TryParse_NoSocket_IsRefused()
    {
        Assert.False(InetDiagMessage.TryParse([], out _));
        Assert.False(InetDiagMessage.TryParse(s_closeWait.AsSpan(0, 71), out _));
        Assert.False(InetDiagMessage.TryParse(DiagBytes.Message(1, TcpState.Established, [1, 2, 3, 4], [1, 2, 3, 4], 1, 2), out _));
        Assert.False(InetDiagMessage.TryParse(DiagBytes.Message(2, 0, [1, 2, 3, 4], [1, 2, 3, 4], 1, 2), out _));
        Assert.False(InetDiagMessage.TryParse(DiagBytes.Message(2, (TcpState)14, [1, 2, 3, 4], [1, 2, 3, 4], 1, 2), out _));
        Assert.False(InetDiagMessage.TryParse([.. s_closeWait, 3, 0, 2, 0], out _));
    }

    [Fact]
    public void TryParse_MessagesOfARealKernel_AreUnderstood()
    {
        var path = CapturedFiles.PathOf("local_capture/inet_diag/inet_diag_msgs_closewait_finwait2.hex");
        var messages = File.ReadAllLines(path).Where(static line => line.Length > 0 && line[0] != '#').Select(Convert.FromHexString).ToArray();

        Assert.NotEmpty(messages);
        Assert.All(messages, static message =>
        {
            Assert.True(InetDiagMessage.TryParse(message, out var socket));
            Assert.True(socket.IsHalfClosed);
            Assert.Equal("127.0.0.1", socket.Tuple.Source.ToString());
            Assert.Equal(socket.Timer != 3, socket.Has(TcpSocketFields.Ages));
        });
    }

    [Fact]
    public void TryParse_MutatedMessages_NeverThrowsAndStaysInRange()
    {
        byte[] whole = [.. s_closeWait, .. DiagBytes.CgroupId(1), .. DiagBytes.Info(232, 1, 2, 3, 4, 5), .. DiagBytes.CgroupId(2)];
        var random = new Random(20_261_121);
        var accepted = 0;
        var cases = RandomCases.Of(300_000);
        for (var i = 0; i < cases; i++)
        {
            var bytes = whole.ToArray().AsSpan(0, random.Next(3) == 0 ? random.Next(whole.Length + 1) : whole.Length);
            for (var n = random.Next(6); n > 0 && bytes.Length > 0; n--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            if (InetDiagMessage.TryParse(bytes, out var socket))
            {
                accepted++;
                Assert.InRange((int)socket.State, (int)TcpState.Established, (int)TcpState.Closing);
            }
        }

        Assert.InRange(accepted, cases / 6, cases - 1);
    }
}
