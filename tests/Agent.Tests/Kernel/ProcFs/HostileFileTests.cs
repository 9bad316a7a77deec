using System.Text;
using Agent.Kernel.Namespaces;
using Agent.Kernel.Net;
using Agent.Kernel.ProcFs;
using Agent.Kernel.SockDiag;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Kernel.ProcFs;

/// <summary>The files of /proc that pods have a say in, or that a captured tree brings, as anything but what they should be.</summary>
public sealed class HostileFileTests
{
    private const int Cases = 50_000;

    /// <summary>One of each.</summary>
    internal static IReadOnlyList<string> Files { get; } =
    [
        "4242 (a) b (c) S 1 1 1 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 123456 0 0 0\n",
        "36 35 98:0 / /proc rw,nosuid shared:5 - proc proc rw,hidepid=2\n",
        "Tcp: RtoAlgorithm ActiveOpens EstabResets OutRsts\nTcp: 1 20 3 4\nTcpExt: ListenOverflows ListenDrops TCPAbortOnData\nTcpExt: 1 2 3\n",
        "TCP: inuse 5 orphan 0 tw 2 alloc 9 mem 1\nTCP6: inuse 3\n",
        "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\neth0 0000F40A 00000000 0001 0 0 0 00FFFFFF 0 0 0\n",
        "fd000010000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000000 00000000 00000001 eth0\n",
        "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.244.0.5\n        /32 host LOCAL\nLocal:\n     |-- 127.0.0.1\n        /32 host LOCAL\n",
        "fd000010000000000000000000000005 02 40 00 80     eth0\n00000000000000000000000000000001 01 80 10 80       lo\n",
        "   0: 0100007F:1F90 0500F40A:9C40 08 00000000:00000001 00:00000000 00000000  1000        0 12345 1 0000000000000000 20 4 30 10 -1\n",
        "   0: 000000000000000001000000:1F90 00000000000000000000000001000000:9C40 08 00000000:00000001 00:00000000 00000000  1000        0 12345 1\n",
    ];

    [Fact]
    public void Files_Hostile_AreReadOrRefused() => Hostile.Try(
        Cases, static random => Hostile.Bytes(Encoding.ASCII.GetBytes(Files[random.Next(Files.Count)]), random), ReadAll);

    /// <summary>By the readers of all of these files, whichever it is.</summary>
    internal static void ReadAll(byte[] bytes)
    {
        _ = ProcPidStat.TryParse(bytes, out _);
        _ = HidePid.Parse(bytes, "/proc");
        _ = NetSockstat.MaybeSockets(bytes, "TCP:"u8);
        _ = NetSockstat.MaybeTimeWait(bytes);
        _ = NetTcp.TryParseLine(bytes, false, out _);
        _ = NetTcp.TryParseLine(bytes, true, out _);
        var counters = new TcpCounters();
        _ = NetSnmp.TryParse(bytes, ref counters);
        _ = NetNetstat.TryParse(bytes, ref counters);
        var networks = new List<IpNetwork>();
        NetRoute.ParseInet(bytes, networks);
        NetRoute.ParseInet6(bytes, networks);
        var addresses = LocalAddresses.OfPod();
        FibTrie.Parse(bytes, addresses);
        IfInet6.Parse(bytes, addresses);
        Assert.InRange(addresses.All.Count + networks.Count, 0, bytes.Length);
        var lines = new ProcLines(bytes);
        var count = 0;
        while (lines.MoveNext())
        {
            count++;
        }

        Assert.InRange(count, 0, bytes.Length + 1);
        _ = InetDiagMessage.TryParse(bytes, out _);
        var ends = new ConnectionEndReader(bytes, 0);
        while (ends.MoveNext())
        {
            Assert.InRange(count++, 0, 2 * bytes.Length + 1);
        }
    }
}
