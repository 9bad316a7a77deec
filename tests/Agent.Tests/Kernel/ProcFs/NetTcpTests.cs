using System.Text;
using Agent.Kernel.ProcFs;
using Agent.Kernel.SockDiag;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Kernel.ProcFs;

public sealed class NetTcpTests
{
    [Theory]
    [InlineData("   0: 0100007F:8763 00000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0 304231 1 00000000272be57a 100 0 0 10 0                    ",
        "127.0.0.1:34659 0.0.0.0:0 Listen rx=2 tx=0 timer=0/0 uid=0 inode=304231")]
    [InlineData("   3: 030016AC:1F40 010016AC:D14C 08 00000000:00000001 00:00000000 00000000  1001        0 134283 1 0000000000000000 20 4 28 10 -1",
        "172.22.0.3:8000 172.22.0.1:53580 CloseWait rx=1 tx=0 timer=0/0 uid=1001 inode=134283")]
    [InlineData("8974: 0100007F:9562 0100007F:1D03 05 00000000:00000000 03:00001755 00000000     0        0 0 3 0000000024776677",
        "127.0.0.1:38242 127.0.0.1:7427 FinWait2 rx=0 tx=0 timer=3/59730 uid=0 inode=0")]
    [InlineData("  78: 980200C0:0016 720200C0:D4B4 01 000000D0:00000000 01:00000013 00000000     0        0 77520 3 ffffff8098ca2500 20 4 9 10 -1",
        "192.0.2.152:22 192.0.2.114:54452 Established rx=0 tx=208 timer=1/190 uid=0 inode=77520")]
    [InlineData("   1: 0100007F:0016 0100007F:D4B4 03 00000000:00000000 01:00000013 00000000     0        0 0 0 0000000024776677",
        "127.0.0.1:22 127.0.0.1:54452 SynRecv rx=0 tx=0 timer=1/190 uid=0 inode=0")]
    [InlineData("1: 0100007F:0016 0100007F:D4B4 0C 00000000:00000000 01:00000013 00000000     0        0 0 0 0",
        "127.0.0.1:22 127.0.0.1:54452 SynRecv rx=0 tx=0 timer=1/190 uid=0 inode=0")]
    public void TryParseLine_IPv4Row_GivesTheSocket(string line, string expected)
    {
        Assert.True(NetTcp.TryParseLine(Encoding.ASCII.GetBytes(line), isInet6: false, out var socket));
        Assert.Equal(expected, Describe(socket));
        Assert.False(socket.IsInet6);
        Assert.Equal(TcpSocketFields.None, socket.Present);
    }

    [Theory]
    [InlineData("   3: 0000000000000000FFFF00000100007F:9035 0000000000000000FFFF00000100007F:A11A 08 00000000:00000001 00:00000000 00000000     0        0 304245 1 00000000bdbaa6ac 20 4 0 10 -1",
        "127.0.0.1:36917 127.0.0.1:41242 CloseWait rx=1 tx=0 timer=0/0 uid=0 inode=304245")]
    [InlineData("   1: 000080FE00000000578BCB48ACE6303C:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11139979 1 0000000000000000 100 0 0 10 0",
        "[fe80::48cb:8b57:3c30:e6ac]:8080 [::]:0 Listen rx=0 tx=0 timer=0/0 uid=1000 inode=11139979")]
    public void TryParseLine_IPv6Row_GivesTheSocket(string line, string expected)
    {
        Assert.True(NetTcp.TryParseLine(Encoding.ASCII.GetBytes(line), isInet6: true, out var socket));
        Assert.Equal(expected, Describe(socket));
        Assert.True(socket.IsInet6);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode")]
    [InlineData("broken line")]
    [InlineData("   1: 00000000:0016 00000000:0000 0A")]
    [InlineData("   0: 00000000:A6C0 00000000:0000 01 000000")]
    [InlineData("   0: 0100007F:8763 00000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0")]
    [InlineData("   0: 0100007F:8763 00000000:0000 00 00000000:00000002 00:00000000 00000000     0        0 1")]
    [InlineData("   0: 0100007F:8763 00000000:0000 0D 00000000:00000002 00:00000000 00000000     0        0 1")]
    [InlineData("   0: 0100007G:8763 00000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0 1")]
    [InlineData("   0: 0100007F:876 00000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0 1")]
    [InlineData("   0: 0100007F:8763 00000000:0000 0A 00000000:00000002 00:00000000 00000000    -1        0 1")]
    [InlineData("   0: 0000000000000000FFFF00000100007F:9035 0000000000000000FFFF00000100007F:A11A 08 00000000:00000001 00:00000000 00000000 0 0 1")]
    public void TryParseLine_AnythingElse_IsRefused(string line) => Assert.False(NetTcp.TryParseLine(Encoding.ASCII.GetBytes(line), isInet6: false, out _));

    [Theory]
    [InlineData("tcp/coroot_123_tcp.txt", 2)]
    [InlineData("tcp/coroot_123_tcp6.txt", 3)]
    [InlineData("tcp/docker_container_5.15.txt", 7)]
    [InlineData("tcp/eks_al2023_6.12_tcp6_finwait2_tw_row.txt", 1)]
    [InlineData("tcp/linux6.18_orphan_vs_halfshut_finwait2.txt", 2)]
    [InlineData("tcp/pi4_tcp4.txt", 12)]
    [InlineData("tcp/procfs_tcp.txt", 3)]
    [InlineData("tcp/procfs_udp_broken.txt", 0)]
    [InlineData("tcp/weave_procnet_0.txt", 4)]
    [InlineData("tcp/weave_procnet_2.txt", 0)]
    [InlineData("tcp/weave_procnet_3.txt", 2)]
    [InlineData("tcp/android_rows.txt", 2)]
    [InlineData("local_capture/inet_diag/proc_net_tcp.txt", 14)]
    [InlineData("local_capture/inet_diag/proc_net_tcp6.txt", 5)]
    public void TryParseLine_FileOfARealNode_ReadsEveryRow(string file, int rows)
    {
        var parsed = File.ReadAllLines(CapturedFiles.PathOf(file)).Select(Encoding.ASCII.GetBytes)
            .Count(line => NetTcp.TryParseLine(line, isInet6: false, out _) || NetTcp.TryParseLine(line, isInet6: true, out _));

        Assert.Equal(rows, parsed);
    }

    [Fact]
    public void TryParseLine_MutatedRows_NeverThrowsAndStaysInRange()
    {
        byte[][] rows =
        [
            [.. "   0: 0100007F:8763 00000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0 304231 1 00000000272be57a 100 0 0 10 0"u8],
            [.. "8974: 0100007F:9562 0100007F:1D03 05 00000000:00000000 03:00001755 00000000     0        0 0 3 0000000024776677"u8],
            [.. "   3: 0000000000000000FFFF00000100007F:9035 0000000000000000FFFF00000100007F:A11A 08 00000000:00000001 00:00000000 00000000     0        0 304245 1"u8],
        ];
        var random = new Random(20_261_121);
        var accepted = 0;
        var cases = RandomCases.Of(300_000);
        for (var i = 0; i < cases; i++)
        {
            var row = rows[random.Next(rows.Length)].ToArray().AsSpan();
            for (var n = random.Next(1, 4); n > 0; n--)
            {
                row[random.Next(row.Length)] = random.Next(3) == 0 ? (byte)random.Next(256) : (byte)"0123456789ABCDEF :"[random.Next(18)];
            }

            row = row[..random.Next(row.Length + 1)];
            if (NetTcp.TryParseLine(row, random.Next(2) == 0, out var socket))
            {
                accepted++;
                Assert.InRange((int)socket.State, (int)TcpState.Established, (int)TcpState.Closing);
            }
        }

        Assert.InRange(accepted, cases / 30, cases - 1);
    }

    private static string Describe(in TcpSocket socket) =>
        $"{socket.Tuple.Source.ToString(socket.Tuple.SourcePort)} {socket.Tuple.Destination.ToString(socket.Tuple.DestinationPort)} {socket.State} "
        + $"rx={socket.ReceiveQueue} tx={socket.SendQueue} timer={socket.Timer}/{socket.ExpiresMilliseconds} uid={socket.Uid} inode={socket.Inode}";
}
