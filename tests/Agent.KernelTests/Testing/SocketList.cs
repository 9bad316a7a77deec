using System.Diagnostics;
using Agent.Kernel.Netlink;
using Agent.Kernel.ProcFs;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.KernelTests.Testing;

/// <summary>Keeps a copy of every socket of a dump.</summary>
internal struct SocketList() : ISocketSink
{
    public List<TcpSocket> Sockets { get; } = [];

    public readonly void OnSocket(in TcpSocket socket) => Sockets.Add(socket);

    public readonly void Restart() => Sockets.Clear();

    /// <summary>The sockets of the calling thread's namespace, over sock_diag.</summary>
    public static List<TcpSocket> FromNetlink(uint states = TcpStates.All, SockDiagExtensions extensions = SockDiagExtensions.Info)
    {
        using var buffer = new NetlinkBuffer();
        using var diag = SockDiagNetlink.Open(buffer);
        var list = new SocketList();
        var result = diag.Dump(states, extensions, ref list, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(list.Sockets.Count, result.Messages);
        Assert.Equal(0, result.Malformed);
        return list.Sockets;
    }

    /// <summary>The sockets of the calling thread's namespace, or of a process's, out of /proc.</summary>
    public static List<TcpSocket> FromProcFs(string netPath = "/proc/thread-self/net", uint states = TcpStates.All)
    {
        var list = new SocketList();
        Assert.True(new NetDirectory().TryDumpSockets(netPath, ref list, out var result, states, TestContext.Current.CancellationToken));
        Assert.Equal(list.Sockets.Count, result.Messages);
        Assert.Equal(0, result.Malformed);
        return list.Sockets;
    }

    /// <summary>Waits until the sockets are as expected; returns what was seen last either way.</summary>
    public static List<TcpSocket> Await(Func<List<TcpSocket>> read, Func<List<TcpSocket>, bool> isReady)
    {
        var patience = Stopwatch.StartNew();
        while (true)
        {
            var sockets = read();
            if (isReady(sockets) || patience.Elapsed > TimeSpan.FromSeconds(10))
            {
                return sockets;
            }

            TestContext.Current.CancellationToken.WaitHandle.WaitOne(10);
        }
    }
}
