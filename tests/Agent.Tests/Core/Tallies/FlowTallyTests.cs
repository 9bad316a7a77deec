using Agent.Core.Attribution;
using Agent.Core.Model;
using Agent.Core.Tallies;
using Agent.Kernel.Conntrack;
using Agent.Kernel.SockDiag;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Tallies;

public sealed class FlowTallyTests
{
    private const int Host = 0;
    private const int Server = 1;
    private const int Client = 2;

    private static readonly NamespaceTracking s_host = new(isHost: true);

    private readonly AddressIndex _addresses = new();
    private readonly HalfClosedTable _sockets = new(new(), static (_, _) => false);

    public FlowTallyTests()
    {
        _addresses.TryAdd(Make.Address("192.168.1.1"), Host);
        _addresses.TryAdd(Make.Address("10.0.0.1"), Server);
        _addresses.TryAdd(Make.Address("10.0.0.2"), Client);
    }

    [Fact]
    public void Add_BothEndsHere_CountsAtBothWithOppositeClosers()
    {
        var tally = Tally(Make.Flow("10.0.0.2:5000 10.0.0.1:80", TcpConntrackState.CloseWait, originalFirst: true));

        Assert.Equal(1, Entries(tally, Client, true, ClosedBy.Pod));
        Assert.Equal(1, Entries(tally, Server, true, ClosedBy.Peer));
        Assert.Equal(new HalfClosedFlowCounts(0, 1, 1, 0, 0), tally.HalfClosed);
        Assert.Equal(0, tally.Unattributed.CloseWait);
    }

    [Fact]
    public void Add_ThroughServiceAddress_BelongsToTheTrueResponder()
    {
        var tally = Tally(Make.Flow("10.0.0.2:5000 10.96.0.50:80", TcpConntrackState.FinWait, originalFirst: false, reply: "10.0.0.1:9000 10.0.0.2:5000"));

        Assert.Equal(1, Entries(tally, Server, false, ClosedBy.Pod));
        Assert.Equal(1, Entries(tally, Client, false, ClosedBy.Peer));
    }

    [Fact]
    public void Add_MasqueradedBehindTheNode_IsNotTheHostsConnection()
    {
        var tally = Tally(Make.Flow("10.0.0.2:5000 1.2.3.4:443", TcpConntrackState.CloseWait, originalFirst: null, reply: "1.2.3.4:443 192.168.1.1:5000"));

        Assert.Equal(1, Entries(tally, Client, true, ClosedBy.Unknown));
        Assert.Equal(0, tally.EntriesOf(Host).ToArray().Sum());
    }

    [Fact]
    public void Add_PodToItself_CountsOnce()
    {
        var tally = Tally(Make.Flow("10.0.0.1:5000 10.96.0.50:80", TcpConntrackState.CloseWait, originalFirst: true, reply: "10.0.0.1:80 10.0.0.1:5000"));
        Assert.Equal(1, tally.EntriesOf(Server).ToArray().Sum());
    }

    [Fact]
    public void Add_NeitherEndHere_IsUnattributed()
    {
        var tally = Tally(Make.Flow("1.1.1.1:5000 2.2.2.2:80", TcpConntrackState.CloseWait, originalFirst: false));
        Assert.Equal(new HalfClosedFlowCounts(0, 1, 0, 1, 0), tally.Unattributed);
    }

    [Fact]
    public void Add_EntryOfAHalfClosedSocket_IsNotedAtBothSockets()
    {
        Add(Make.Socket("10.0.0.1:9000 10.0.0.2:5000", TcpState.CloseWait), Server, new(false), false);
        Add(Make.Socket("10.0.0.2:5000 10.96.0.50:80", TcpState.FinWait2), Client, new(false), false);
        Tally(Make.Flow("10.0.0.2:5000 10.96.0.50:80", TcpConntrackState.CloseWait, originalFirst: true, timeoutSeconds: 42, reply: "10.0.0.1:9000 10.0.0.2:5000"));

        foreach (var socket in _sockets.Sockets)
        {
            Assert.True(socket.Host.Found);
            Assert.Equal(42u, socket.Host.ExpiresInSeconds);
            Assert.Equal(socket.ClosedBy, socket.Host.ClosedBy);
        }
    }

    [Fact]
    public void Add_LoopbackOfAPod_DoesNotTakeTheHostsEntry()
    {
        Add(Make.Socket("127.0.0.1:9000 127.0.0.1:5000", TcpState.CloseWait), Server, new(false), true);
        Add(Make.Socket("127.0.0.1:9000 127.0.0.1:5000", TcpState.CloseWait), Host, s_host, true);
        Tally(Make.Flow("127.0.0.1:5000 127.0.0.1:9000", TcpConntrackState.CloseWait));

        Assert.False(_sockets.Sockets[0].Host.Found);
        Assert.True(_sockets.Sockets[1].Host.Found);
    }

    [Fact]
    public void Add_RedirectedInsideThePod_IsFoundByItsViewFromOutside()
    {
        Add(Make.Socket("10.0.0.1:4143 10.0.0.2:5000", TcpState.CloseWait), Server, new(false), false);
        _sockets.Sockets[0].SetOwnEntry(Make.Flow("10.0.0.2:5000 10.0.0.1:9000", TcpConntrackState.CloseWait, reply: "10.0.0.1:4143 10.0.0.2:5000"), static _ => false);
        Tally(Make.Flow("10.0.0.2:5000 10.0.0.1:9000", TcpConntrackState.CloseWait, timeoutSeconds: 3000));

        Assert.Equal(3000u, _sockets.Sockets[0].Host.ExpiresInSeconds);
        Assert.Equal(60u, _sockets.Sockets[0].Own.ExpiresInSeconds);
    }

    [Fact]
    public void Add_HostNetworkPodsSocket_BelongsToThePodNotToTheHost()
    {
        const int agent = 2;
        Add(Make.Socket("192.168.1.1:9742 10.0.0.9:5000", TcpState.CloseWait), agent, s_host, false);
        var tally = Tally(Make.Flow("10.0.0.9:5000 192.168.1.1:9742", TcpConntrackState.CloseWait, originalFirst: true));

        Assert.Equal(1, Entries(tally, agent, true, ClosedBy.Peer));
        Assert.Equal(0, tally.EntriesOf(Host).ToArray().Sum());
    }

    [Fact]
    public void Sample_MoreThanFit_KeepsThoseThatExpireSoonest()
    {
        var flows = Enumerable.Range(0, 500).Select(i => Make.Flow($"10.0.0.2:{1000 + i} 10.0.0.1:80", TcpConntrackState.CloseWait, timeoutSeconds: (uint)((i * 7919) % 500))).ToArray();
        var tally = Tally(flows);

        var kept = tally.Sample.ToArray().Select(static sample => sample.Flow.TimeoutSeconds).Order().ToArray();
        Assert.Equal(Enumerable.Range(0, FlowTally.SampleSize).Select(static i => (uint)i), kept);
    }

    [Fact]
    public void Restart_AfterSomeEntries_ForgetsThem()
    {
        Add(Make.Socket("10.0.0.1:9000 10.0.0.2:5000", TcpState.CloseWait), Server, new(false), false);
        var tally = Tally(Make.Flow("10.0.0.2:5000 10.0.0.1:9000", TcpConntrackState.CloseWait, originalFirst: true));
        tally.Restart();

        Assert.Equal(0, tally.Total);
        Assert.Equal(0, tally.HalfClosed.CloseWait);
        Assert.Equal(0, tally.EntriesOf(Server).ToArray().Sum());
        Assert.False(_sockets.Sockets[0].Host.Found);
        Assert.False(tally.HasEntries(Server));
    }

    [Fact]
    public void Add_ManyEntries_AllocatesNothing()
    {
        Add(Make.Socket("10.0.0.1:9000 10.0.0.2:5000", TcpState.CloseWait), Server, new(false), false);
        var flow = Make.Flow("10.0.0.2:5000 10.0.0.1:9000", TcpConntrackState.CloseWait, originalFirst: true);
        var tally = Tally(flow);
        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                tally.Add(flow);
            }
        }));
    }

    private static long Entries(FlowTally tally, int owner, bool closeWait, ClosedBy closedBy) =>
        tally.EntriesOf(owner)[HalfClosedEntries.IndexOf(ConntrackTableKind.Host, closeWait, closedBy)];

    private void Add(TcpSocket socket, int owner, NamespaceTracking network, bool stays)
    {
        _sockets.Add(new HalfClosedSocket(socket, owner, network, stays));
        _sockets.Seal();
    }

    private FlowTally Tally(params ConntrackFlow[] flows)
    {
        _sockets.BuildIndex();
        var tally = new FlowTally(seed: 1);
        tally.Begin(_addresses, 3, _sockets);
        foreach (var flow in flows)
        {
            tally.Add(flow);
        }

        return tally;
    }
}
