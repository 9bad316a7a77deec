using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Core.Tallies;
using Agent.Kernel.Conntrack;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Core.Ends;

/// <summary>
/// Client and server are on this node, and the node shows the server its own address as the client's: only the conntrack entry tells that
/// the two ends belong together.
/// </summary>
public sealed class TranslatedEndsTests
{
    private static readonly IpAddress s_service = IpAddress.FromIPv4(0x0A60_0001);
    private static readonly IpAddress s_node = IpAddress.FromIPv4(0x0AF4_0101);

    private readonly EndReplay _replay = new();
    private readonly EndsNamespace _clients;
    private readonly EndsNamespace _neighbour;
    private bool _hasEntries = true;

    public TranslatedEndsTests() => (_clients, _neighbour) = (
        new(2, _replay.Client),
        new(9, _replay.Tally.PodOf(new PodIdentity(PodKind.Pod, "shop", "neighbour", "9"))));

    public static TheoryData<string, bool> Losses
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var scene in (string[])["request unread at close", "request after close", "request taken, closed without an answer", "TLS 1.3: request after close"])
            {
                data.Add(scene, true);
                data.Add(scene, false);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void LookUp_BothEndsHere_OneRequestIsCountedOnceAtTheServer(string scene, bool serverFirst)
    {
        Add(scene, serverFirst ? EndRole.Server : EndRole.Client);
        Add(scene, serverFirst ? EndRole.Client : EndRole.Server);

        Settle();

        Assert.Equal((1, 0), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ClientSummary.Lost(EndRole.Client)));
        Assert.Equal((0, 0), (_replay.ServerSummary.LossUnknown + _replay.ClientSummary.LossUnknown, _replay.Tally.Undecided));
    }

    /// <summary>A namespace that no scan has found is heard where a veth pair leads to it: nobody would see what its server has lost.</summary>
    [Theory]
    [InlineData("request after close", true)]
    [InlineData("request after close", false)]
    [InlineData("request taken, closed without an answer", true)]
    public void LookUp_TheServerIsNobodys_TheLossIsItsClients(string scene, bool serverFirst)
    {
        _replay.Tally.Forget(_replay.Server.Identity);
        Add(scene, serverFirst ? EndRole.Server : EndRole.Client);
        Add(scene, serverFirst ? EndRole.Client : EndRole.Server);

        Settle();

        Assert.Equal(1, _replay.ClientSummary.Lost(EndRole.Client));
    }

    /// <summary>The client's pod began after the last scan, its server is known.</summary>
    [Theory]
    [MemberData(nameof(Losses))]
    public void LookUp_TheClientIsNobodysYet_OneRequestIsCountedOnceAtTheServer(string scene, bool serverFirst)
    {
        _replay.Both("client closes idle").Pass(5).Settle();
        _replay.Tally.Forget(_replay.Client.Identity);
        Add(scene, serverFirst ? EndRole.Server : EndRole.Client);
        Add(scene, serverFirst ? EndRole.Client : EndRole.Server);

        Settle();

        Assert.Equal((1, 0), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ClientSummary.Lost(EndRole.Client)));
    }

    /// <summary>A pod that began after the last scan, and calls itself through its Service.</summary>
    [Theory]
    [MemberData(nameof(Losses))]
    public void LookUp_APodThatCallsItselfIsNobodysYet_OneRequestIsCountedOnce(string scene, bool serverFirst)
    {
        var tally = _replay.Tally;
        var pod = new EndsNamespace(3, new PodEnds(new PodIdentity(PodKind.NetworkNamespace, "", "nobody", "")));
        tally.Add(End(scene, serverFirst ? EndRole.Server : EndRole.Client), pod, _replay.Clock);
        tally.Add(End(scene, serverFirst ? EndRole.Client : EndRole.Server), pod, _replay.Clock);
        Settle();

        tally.Adopt(pod, _replay.Server.Identity);
        Settle();

        Assert.Equal((1, 0), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ServerSummary.Lost(EndRole.Client)));
    }

    /// <summary>A client may keep the socket that was reset for longer than the entry lives.</summary>
    [Theory]
    [InlineData("request unread at close")]
    [InlineData("request after close")]
    public void LookUp_TheClientsEndComesWhenTheEntryIsGone_IsCountedOnce(string scene)
    {
        Add(scene, EndRole.Server);
        Settle();
        _hasEntries = false;

        Add(scene, EndRole.Client);
        Settle();

        Assert.Equal((1, 0), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ClientSummary.Lost(EndRole.Client)));
    }

    /// <summary>
    /// The kernel tells of ends by a queue of each processor, so which of the two comes first, and how long before, is not promised.
    /// </summary>
    [Theory]
    [InlineData("request unread at close", 100)]
    [InlineData("request taken, closed without an answer", 100)]
    [InlineData("request after close", 101)]
    [InlineData("TLS 1.3: request after close", 101)]
    public void LookUp_TheServersEndComesSecondsLater_IsCountedOnceAtTheServer(string scene, long resetsSent)
    {
        _replay.Both("client closes idle").Pass(5).Settle();
        Add(scene, EndRole.Client);
        Settle();
        Assert.Equal(1, _replay.ServerSummary.Lost(EndRole.Server));

        Add(scene, EndRole.Server);
        _replay.Tally.OnTimeWait(_replay.ServerNetwork, End(scene, EndRole.Server).Tuple, _replay.Clock);
        Settle(resetsSent);

        Assert.Equal((1, 0), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ClientSummary.Lost(EndRole.Client)));
        Assert.Equal((0, 0), (_replay.ServerSummary.LossUnknown + _replay.ClientSummary.LossUnknown, _replay.Tally.Undecided));
    }

    /// <summary>A server that has begun to listen since the last scan: its client's loss may have been counted at the client.</summary>
    [Theory]
    [InlineData("request unread at close")]
    [InlineData("request taken, closed without an answer")]
    public void LookUp_TheFirstEndOfAServerComesSecondsLater_IsCountedOnce(string scene)
    {
        var network = new EndsNamespace(3, _replay.Server);
        _replay.Tally.NoteAddresses(network, [CapturedScene.ServerAddress]);
        Add(scene, EndRole.Client);
        Settle();

        var end = End(scene, EndRole.Server);
        _replay.Tally.Add(end, network, _replay.Clock);
        _replay.Tally.OnTimeWait(network, end.Tuple, _replay.Clock);
        Settle();

        Assert.Equal(1, _replay.ServerSummary.Lost(EndRole.Server) + _replay.ClientSummary.Lost(EndRole.Client));
    }

    /// <summary>What clients lose at servers of other nodes is not kept for ends that never come.</summary>
    [Fact]
    public void LookUp_ManyLossesAtServersElsewhere_TakeNoRoom()
    {
        const string Scene = "first request unread at close";
        for (var i = 0; i <= EndsTally.MaxTranslated; i++)
        {
            _replay.Tally.Add(WithPort(End(Scene, EndRole.Client).Tuple.Reversed, i), _clients, _replay.Clock);
        }

        Settle();
        Assert.Equal(EndsTally.MaxTranslated + 1, _replay.ClientSummary.Lost(EndRole.Client));
        Add(Scene, EndRole.Server);
        Settle();
        _hasEntries = false;
        Add(Scene, EndRole.Client);
        Settle();

        Assert.Equal((1, EndsTally.MaxTranslated + 1), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ClientSummary.Lost(EndRole.Client)));

        static ConnectionEnd WithPort(ConnectionTuple server, int i) =>
            End(Scene, EndRole.Client) with { Tuple = (server with { DestinationPort = (ushort)(40_000 + i) }).Reversed };
    }

    /// <summary>The kernel says nothing of what lay in the accept queue of a server that died; that the server was of this node an entry tells.</summary>
    [Fact]
    public void LookUp_OnlyTheClientTellsOfALoss_IsCountedAtTheServer()
    {
        _replay.Both("client closes idle").Pass(5).Settle();

        Add("first request unread at close", EndRole.Client);
        Settle();

        Assert.Equal((1, 0), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ClientSummary.Lost(EndRole.Client)));
    }

    /// <summary>Where the entry leads to a server of another node, the client's pod lost it.</summary>
    [Fact]
    public void LookUp_ServerElsewhere_IsCountedAtTheClient()
    {
        Add("request after close", EndRole.Client);
        Settle();

        Assert.Equal((0, 1), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ClientSummary.Lost(EndRole.Client)));
    }

    /// <summary>The port of the node is used again: the end that is found there carried something else.</summary>
    [Fact]
    public void LookUp_EndWithOtherBytes_IsAnotherConnections()
    {
        var server = End("first request unread at close", EndRole.Server);
        _replay.Tally.Add(server with { BytesReceived = server.BytesReceived + 100 }, _replay.ServerNetwork, _replay.Clock);
        Add("first request unread at close", EndRole.Client);

        Settle();

        // The client's is counted at the server that the entry tells of.
        Assert.Equal((2, 0), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ClientSummary.Lost(EndRole.Client)));
    }

    /// <summary>
    /// A neighbour ends more connections than are remembered, once or each second, before the entry can tell that two ends are one connection's.
    /// </summary>
    [Theory]
    [InlineData("request unread at close", 1)]
    [InlineData("request after close", 1)]
    [InlineData("request taken, closed without an answer", 1)]
    [InlineData("request unread at close", 8)]
    [InlineData("request after close", 8)]
    [InlineData("request taken, closed without an answer", 8)]
    public void LookUp_ANeighbourEndsMoreThanAreRemembered_OneRequestIsCountedOnceAtTheServer(string scene, int seconds)
    {
        Add(scene, EndRole.Server);
        Add(scene, EndRole.Client);
        _replay.Tally.OnTimeWait(_replay.ServerNetwork, End(scene, EndRole.Server).Tuple, _replay.Clock);

        Settle(whilePassing: () =>
        {
            if (seconds-- > 0)
            {
                _replay.AddNoise(_neighbour, EndsTally.MaxRemembered + 5000, "server answers and closes");
            }
        });

        Assert.Equal((1, 0), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ClientSummary.Lost(EndRole.Client)));
        Assert.Equal(0, _replay.ServerSummary.LossUnknown + _replay.ClientSummary.LossUnknown);
    }

    /// <summary>A neighbour loses more requests than can be asked about.</summary>
    [Fact]
    public void LookUp_ANeighbourLosesThousandsASecond_OneRequestIsCountedOnceAtTheServer()
    {
        const string Scene = "first request unread at close";
        _replay.AddNoise(_neighbour, 2000, Scene);
        Add(Scene, EndRole.Server);
        Add(Scene, EndRole.Client);

        Settle(whilePassing: () => _replay.AddNoise(_neighbour, 2000, Scene));

        Assert.Equal((1, 0), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ClientSummary.Lost(EndRole.Client)));
        Assert.Equal(13 * 2000, _neighbour.Owner.ToSummary(TimeSpan.FromMinutes(1)).Lost(EndRole.Server));
    }

    [Fact]
    public void LookUp_MoreThanAreRemembered_TheRestIsCountedOnBothSides()
    {
        var (server, client) = (End("first request unread at close", EndRole.Server), End("first request unread at close", EndRole.Client));
        for (var i = 0; i <= EndsTally.MaxTranslated; i++)
        {
            _replay.Tally.Add(server with { Tuple = Port(server.Tuple, i) }, _replay.ServerNetwork, _replay.Clock);
        }

        Settle();
        _hasEntries = false;
        for (var i = 0; i <= EndsTally.MaxTranslated; i++)
        {
            _replay.Tally.Add(client with { Tuple = Port(client.Tuple.Reversed, i).Reversed }, _clients, _replay.Clock);
        }

        Settle();

        Assert.Equal((EndsTally.MaxTranslated + 1, 1), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ClientSummary.Lost(EndRole.Client)));

        // Those that found their other end make room.
        _hasEntries = true;
        Add("first request unread at close", EndRole.Server);
        Settle();
        _hasEntries = false;
        Add("first request unread at close", EndRole.Client);
        Settle();
        Assert.Equal(1, _replay.ClientSummary.Lost(EndRole.Client));

        static ConnectionTuple Port(ConnectionTuple tuple, int i) => tuple with { DestinationPort = (ushort)(40_000 + i) };
    }

    /// <summary>The reset that a late request of this node got is none that a request from elsewhere may have got.</summary>
    [Fact]
    public void Add_LateRequestOfAClientHere_ExplainsItsReset()
    {
        for (var i = 0; i < 3; i++)
        {
            _replay.Only(EndRole.Server, "server closes idle").Pass(3);
            _replay.LookUp(TcpConntrackState.TimeWait);
        }

        _replay.Settle(resetsSent: 100).Pass(1).Only(EndRole.Server, "server closes idle").Pass(1).Both("request after close").Pass(2);
        Assert.Equal(1, _replay.LookUp(TcpConntrackState.Close));
        _replay.Pass(1).Settle(resetsSent: 101);

        Assert.Equal((1, 0), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ServerSummary.LossUnknown));
    }

    private void Add(string scene, EndRole role) =>
        _replay.Tally.Add(End(scene, role), role == EndRole.Server ? _replay.ServerNetwork : _clients, _replay.Clock);

    private static ConnectionEnd End(string scene, EndRole role)
    {
        var end = CapturedEnds.Scene(scene).InPods.First(end => end.Role == role).End;
        return end with
        {
            Tuple = role == EndRole.Server
                ? end.Tuple with { Destination = s_node }
                : end.Tuple with { Destination = s_service, DestinationPort = 80 },
        };
    }

    /// <summary>Rounds of a second, in which entries are asked for and the counter of resets is read.</summary>
    private void Settle(long resetsSent = 100, Action? whilePassing = null)
    {
        for (var second = 0; second < 12; second++)
        {
            _replay.Pass(1);
            whilePassing?.Invoke();
            _replay.LookUp(tuple => Entry(tuple));
            _replay.Settle(resetsSent, canLookUp: true);
        }
    }

    private EntryMatch Entry(in ConnectionTuple asked)
    {
        var client = CapturedEnds.Scene("request after close").InPods.First(static end => end.Role == EndRole.Client).End.Tuple;
        var isClient = asked.Destination == s_service;
        return new()
        {
            Asked = true,
            Found = _hasEntries,
            State = TcpConntrackState.Close,
            ClosedBy = isClient ? ClosedBy.Peer : ClosedBy.Pod,
            ExpiresInSeconds = 8,
            Translated = isClient || asked.Destination == s_node,
            OtherEnd = isClient
                ? new(CapturedScene.ServerAddress, s_node, 8080, asked.SourcePort)
                : new(client.Source, s_service, asked.DestinationPort, 80),
        };
    }
}
