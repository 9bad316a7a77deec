using Agent.Core.Tallies;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Core.Tallies;

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
        Assert.Equal(TimeSpan.FromSeconds(6), port.IdleAtClose);
        Assert.Equal(TimeSpan.FromSeconds(4), port.Longest);
    }

    // Closed after 6 s; some were used again in between, and seem to have been idle for 9 or 14 s.
    [Theory]
    [InlineData(new double[] { 6, 6, 9, 6, 14, 6 }, 6, true)]
    [InlineData(new double[] { 14, 9, 6, 11 }, 9, false)]
    public void IdleAtClose_SomeUsedAgain_IsOfThoseThatWereNot(double[] seconds, double expected, bool agree)
    {
        string[] connections = [.. seconds.Select(static (_, i) => $"10.0.0.1:80 10.0.0.2:{5000 + i}")];
        Scan(0, [.. connections.Select(static connection => Make.Socket(connection, TcpState.Established, idleMilliseconds: 4000))]);
        Scan(15, [.. connections.Zip(seconds, static (connection, idle) => Make.Socket(connection, TcpState.TimeWait, expiresMilliseconds: (uint)(60 - (4 + 15 - idle)) * 1000))]);

        Assert.Equal(TimeSpan.FromSeconds(expected), _watch.Port(80)!.IdleAtClose);
        Assert.Equal(agree, _watch.Port(80)!.IdleClosesAgree);
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

    // A slow server that closes when it has answered ("Connection: close"): the connection was quiet, but not idle.
    [Theory]
    [InlineData(4000u, 0ul)] // its first request, which came with the connection
    [InlineData(9000u, 500ul)] // a later one
    public void Complete_RequestWaitedForItsAnswer_IsNoIdleClose(uint sentMillisecondsAgo, ulong bytesSent)
    {
        var waiting = Make.Socket(Connection, TcpState.Established, idleMilliseconds: 4000);
        waiting.LastDataSentMilliseconds = sentMillisecondsAgo;
        waiting.BytesSent = bytesSent;
        waiting.Present |= TcpSocketFields.Bytes;
        Scan(0, waiting);
        Scan(15, Make.Socket(Connection, TcpState.TimeWait, expiresMilliseconds: 47_000));

        var port = _watch.Port(80)!;
        Assert.Equal((0, 0), (port.ClosesByPod, port.ClosesByPeer));
        Assert.Null(port.Longest);
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

    /// <summary>A server that reloads keeps its listening socket; one that is started anew has another.</summary>
    [Theory]
    [InlineData(500UL, null, 1)]
    [InlineData(700UL, 30, 0)]
    [InlineData(300UL, 30, 0)] // made on another processor
    [InlineData(0UL, null, 1)]
    public void Complete_ListenersReplaced_ForgetsWhatTheEarlierServerDid(ulong inode, int? restartedAt, long closes)
    {
        Scan(0, 500, Make.Socket(Connection, TcpState.Established, idleMilliseconds: 4000));
        Scan(15, 500, Make.Socket(Connection, TcpState.TimeWait, expiresMilliseconds: 47_000));
        Scan(30, inode);

        var port = _watch.Port(80)!;
        Assert.Equal((restartedAt, closes), (port.RestartedAt?.Seconds, port.ClosesByPod));
        Assert.Equal(restartedAt is null ? 0 : 1, port.Restarts);
    }

    [Fact]
    public void Complete_ListenersReplacedAgainAndAgain_TheThirdLastTimeIsKnown()
    {
        List<double?> seen = [];
        foreach (var (seconds, inode) in ((int, ulong)[])[(0, 500), (15, 600), (30, 600), (45, 700), (60, 0), (75, 800), (90, 900), (105, 900)])
        {
            Scan(seconds, inode);
            seen.Add(_watch.Port(80)!.ThirdLastRestartAt?.TotalSeconds);
        }

        Assert.Equal([null, null, null, null, null, 15, 45, 45], seen);
    }

    private void Scan(int seconds, params TcpSocket[] sockets) => Scan(seconds, 0, sockets);

    private void Scan(int seconds, ulong listenerInode, params TcpSocket[] sockets)
    {
        var tally = new SocketTally();
        tally.Begin(new(isHost: false), 0, 1, null, [], new HalfClosedTable(new(), static (_, _) => false), _watch);
        var listener = Make.Socket("0.0.0.0:80 0.0.0.0:0", TcpState.Listen);
        listener.Inode = listenerInode;
        tally.Add(listener);
        foreach (var socket in sockets)
        {
            tally.Add(socket);
        }

        _watch.Complete(TimeSpan.FromSeconds(seconds), tally.Ports);
    }
}
