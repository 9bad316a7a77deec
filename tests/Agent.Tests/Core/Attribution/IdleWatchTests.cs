using Agent.Core.Attribution;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Core.Attribution;

public sealed class IdleWatchTests
{
    private const string Connection = "10.0.0.1:80 10.0.0.2:5000";

    private readonly IdleWatch _watch = new();

    [Fact]
    public void Complete_IdleConnectionInTimeWait_WasClosedByThePodAfterThatIdleTime()
    {
        Scan(0, Make.Socket(Connection, TcpState.Established, idleMilliseconds: 4000));
        // Closed 13 s before the second scan: 2 s after the first one.
        Scan(15, Make.Socket(Connection, TcpState.TimeWait, expiresMilliseconds: 47_000));

        var port = _watch.Port(80)!;
        Assert.Equal(1, port.ClosesByPod);
        Assert.Equal(0, port.ClosesByPeer);
        Assert.Equal(TimeSpan.FromSeconds(6), port.MedianIdleAtClose);
        Assert.Equal(TimeSpan.FromSeconds(4), port.Longest);
    }

    [Fact]
    public void Complete_IdleConnectionGone_WasClosedByThePeer()
    {
        Scan(0, Make.Socket(Connection, TcpState.Established, idleMilliseconds: 4000));
        Scan(15);
        Assert.Equal(1, _watch.Port(80)!.ClosesByPeer);
        Assert.Equal(0, _watch.Port(80)!.ClosesByPod);
    }

    [Fact]
    public void Complete_ProbesThatNeverIdle_DoNotCount()
    {
        Scan(0, Make.Socket(Connection, TcpState.Established, idleMilliseconds: 20));
        Scan(15, Make.Socket(Connection, TcpState.TimeWait, expiresMilliseconds: 47_000));
        Assert.Equal(0, _watch.Port(80)!.ClosesByPod);
    }

    [Fact]
    public void Complete_ConnectionUsedAgain_IsStillOpen()
    {
        Scan(0, Make.Socket(Connection, TcpState.Established, idleMilliseconds: 4000));
        Scan(15, Make.Socket(Connection, TcpState.Established, idleMilliseconds: 10));
        Assert.Equal(0, _watch.Port(80)!.ClosesByPeer);
    }

    [Fact]
    public void Complete_ScansTooFarApart_SaysNothing()
    {
        Scan(0, Make.Socket(Connection, TcpState.Established, idleMilliseconds: 4000));
        Scan(120);
        Assert.Equal(0, _watch.Port(80)!.ClosesByPeer);
    }

    [Fact]
    public void Complete_LongAgo_ForgetsTheCeiling()
    {
        Scan(0, Make.Socket(Connection, TcpState.Established, idleMilliseconds: 4000));
        Scan(2000, Make.Socket(Connection, TcpState.Established, idleMilliseconds: 1000));
        Assert.Equal(TimeSpan.FromSeconds(1), _watch.Port(80)!.Longest);
    }

    private void Scan(int seconds, params TcpSocket[] sockets)
    {
        var tally = new SocketTally();
        tally.Begin(1, 0, 1, null, [], new HalfClosedTable(), _watch);
        tally.Add(Make.Socket("0.0.0.0:80 0.0.0.0:0", TcpState.Listen));
        foreach (var socket in sockets)
        {
            tally.Add(socket);
        }

        _watch.Complete(TimeSpan.FromSeconds(seconds), tally.Ports);
    }
}
