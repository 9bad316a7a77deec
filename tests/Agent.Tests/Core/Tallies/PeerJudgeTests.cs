using Agent.Core.Tallies;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Core.Tallies;

/// <summary>The other end of a half-closed connection, on the same node and elsewhere.</summary>
public sealed class PeerJudgeTests
{
    private readonly HalfClosedTable _table = new(new(), static (_, _) => false);
    private readonly NamespaceTracking _server = new(isHost: false);
    private readonly NamespaceTracking _client = new(isHost: false);

    [Theory]
    [InlineData("10.0.0.2:5000 10.0.0.1:80", 7UL, PeerState.Waiting, false)]
    [InlineData("10.0.0.2:5000 10.96.0.50:80", 7UL, PeerState.Waiting, true)] // through a service
    [InlineData("10.0.0.2:5000 10.0.0.1:80", 0UL, PeerState.Gone, false)] // closed: no process waits
    public void Judge_PeerHalfClosedOnThisNode_FoundByTheClientsEnd(string client, ulong inode, PeerState expected, bool translates)
    {
        Add("10.0.0.1:80 10.0.0.2:5000", TcpState.CloseWait, _server, isAccepted: true);
        Add(client, TcpState.FinWait2, _client, isAccepted: false, inode);

        Judge(isReadHere: true);

        Assert.Equal((expected, (bool?)translates), (_table.Sockets[0].Peer, _table.Sockets[0].PathTranslates));
        Assert.Equal((PeerState.Waiting, (bool?)translates), (_table.Sockets[1].Peer, _table.Sockets[1].PathTranslates));
    }

    [Theory]
    [InlineData(true, PeerState.Gone)]
    [InlineData(false, PeerState.Unknown)] // on another node, or behind one of its addresses
    public void Judge_NoSuchSocket_GoneOnlyWhereItWouldBeSeen(bool isReadHere, PeerState expected)
    {
        Add("10.0.0.1:80 10.0.0.2:5000", TcpState.CloseWait, _server, isAccepted: true);

        Judge(isReadHere);

        Assert.Equal((expected, (bool?)null), (_table.Sockets[0].Peer, _table.Sockets[0].PathTranslates));
    }

    [Fact]
    public void Judge_SamePortToTwoServers_NeitherIsGuessed()
    {
        Add("10.0.0.1:80 10.0.0.2:5000", TcpState.CloseWait, _server, isAccepted: true);
        Add("10.0.0.2:5000 10.96.0.50:80", TcpState.FinWait2, _client, isAccepted: false);
        Add("10.0.0.2:5000 10.96.0.60:80", TcpState.FinWait2, _client, isAccepted: false);

        Judge(isReadHere: false);

        Assert.Equal(PeerState.Unknown, _table.Sockets[0].Peer);
    }

    // Half-closed for 100 s. A server that answers a line a second is not silent; nobody waits for what is unread, but last words of a
    // server that ended an idle connection of a pool are no request.
    [Theory]
    [InlineData(true, 0u, 100_000u, 100, false, false)]
    [InlineData(true, 0u, 800u, 0.8, false, false)]
    [InlineData(true, 9u, 100_000u, 100, true, false)]
    [InlineData(false, 0u, 100_000u, 100, false, true)]
    [InlineData(false, 25u, 100_000u, 100, false, true)]
    [InlineData(false, 5000u, 100_000u, 100, true, false)]
    public void CloseWait_SilenceAbandonmentAndPools(bool isAccepted, uint unread, uint sentAgo, double silentSeconds, bool isAbandoned, bool mayBePooled)
    {
        var socket = Make.Socket("10.0.0.1:80 10.0.0.2:5000", TcpState.CloseWait, idleMilliseconds: 100_000, receiveQueue: unread + 1);
        socket.LastDataSentMilliseconds = sentAgo;
        var halfClosed = new HalfClosedSocket(socket, 1, _server, false) { IsAccepted = isAccepted };

        Assert.Equal(
            (TimeSpan.FromSeconds(silentSeconds), isAbandoned, mayBePooled),
            (halfClosed.SilentFor, halfClosed.IsAbandoned, halfClosed.MayBePooled));
    }

    [Theory]
    [InlineData(100_000u, 100)]
    [InlineData(700u, 0.7)] // a client that has half-closed and still gets its answer
    public void FinWait2_IsSilentFromTheLastDataThatCame(uint receivedAgo, double silentSeconds)
    {
        var socket = Make.Socket("10.0.0.2:5000 10.0.0.1:80", TcpState.FinWait2, idleMilliseconds: 100_000);
        socket.LastDataReceivedMilliseconds = receivedAgo;

        Assert.Equal(TimeSpan.FromSeconds(silentSeconds), new HalfClosedSocket(socket, 1, _client, false).SilentFor);
    }

    private void Add(string tuple, TcpState state, NamespaceTracking network, bool isAccepted, ulong inode = 1)
    {
        var socket = Make.Socket(tuple, state);
        socket.Inode = inode;
        var halfClosed = new HalfClosedSocket(socket, 0, network, false) { IsAccepted = isAccepted };
        halfClosed.SetUntranslated();
        _table.Add(halfClosed);
    }

    private void Judge(bool isReadHere)
    {
        _table.BuildIndex();
        PeerJudge.Judge(_table, _ => isReadHere);
    }
}
