using System.Runtime.CompilerServices;
using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Core.Ends;

/// <summary>How long an end waits for its other end, and that nothing is kept for longer.</summary>
public sealed class RememberedEndsTests
{
    private const string IdleClose = "server closes idle";

    private readonly EndReplay _replay = new();

    /// <summary>A load balancer's side may stay for its whole keep-alive, 600 s, after the server's is over.</summary>
    [Theory]
    [InlineData(610, true)]
    [InlineData(690, false)]
    public void Add_TheOtherEndMuchLater_IsJoinedWhileTheFirstIsRemembered(int seconds, bool isJoined)
    {
        _replay.Only(EndRole.Server, IdleClose).Pass(1).Scan(IdleClose).Pass(seconds).Settle();

        _replay.Only(EndRole.Client, IdleClose);

        // The joined pair knows who closed first.
        Assert.Equal(isJoined ? 0 : 1, _replay.Tally.Undecided);
    }

    [Fact]
    public void Settle_PodsThatCameAndWent_AreNotKept()
    {
        var gone = Enumerable.Range(0, 20).Select(UseAndLose).ToList();

        _replay.Tally.ForgetServersThatAreGone();
        _replay.Pass(60).Settle().Pass(EndsTally.RememberedFor.TotalSeconds).Settle();
        GC.Collect();

        Assert.DoesNotContain(gone, static network => network.TryGetTarget(out _));
    }

    /// <summary>Positions go through all pages many times, with bursts, pauses, and times when more comes than is remembered.</summary>
    [Fact]
    public void Add_ForHoursInBursts_EveryEndIsCounted()
    {
        var random = new Random(11);
        var pairs = 0;
        while (pairs < RandomCases.Of(40) * EndsTally.MaxRemembered / 10)
        {
            var count = random.Next(1, 3000);
            AddPairs(pairs, count);
            pairs += count;
            _replay.Pass(random.Next(1, 400)).Settle();
            Assert.Equal(0, _replay.Tally.Undecided);
        }

        Assert.Equal((pairs, pairs), (_replay.ServerSummary.Server[EndKind.ClosedFirstIdle], _replay.ClientSummary.Client[EndKind.PeerFirst]));
    }

    /// <summary>As many as are remembered, of which the first are forgotten: the last stand in the page that those began in the middle of.</summary>
    [Fact]
    public void Settle_RemembersAsManyAsItCan_ForgetsOnlyTheOldest()
    {
        const int Old = 300;
        AddPairs(0, Old);
        _replay.Pass(400).Settle();
        AddPairs(Old, (EndsTally.MaxRemembered / 2) - Old + 50);
        _replay.Only(EndRole.Server, IdleClose).Pass(1).Scan(IdleClose).Pass(300).Settle();

        _replay.Only(EndRole.Client, IdleClose);

        Assert.Equal(0, _replay.Tally.Undecided);
        AddPairs(EndsTally.MaxRemembered, 1);
        Assert.Equal((EndsTally.MaxRemembered / 2) + 52, _replay.ServerSummary.Server[EndKind.ClosedFirstIdle]);
    }

    /// <summary>A process is killed that had more connections than are remembered, before a scan told of the ends of others.</summary>
    [Fact]
    public void Add_MoreOfOneNamespaceThanAreRemembered_OthersAreStillSettled()
    {
        const int Noise = (2 * EndsTally.MaxRemembered) + 5000;
        var neighbour = new EndsNamespace(9, _replay.Tally.PodOf(new PodIdentity(PodKind.Pod, "shop", "neighbour", "9")));
        _replay.Only(EndRole.Server, IdleClose);

        _replay.AddNoise(neighbour, Noise);
        _replay.Pass(1).Scan(IdleClose);

        var server = _replay.ServerSummary.Server;
        Assert.Equal((1, 0), (server[EndKind.ClosedFirstIdle], server[EndKind.Other]));
        Assert.Equal(Noise + 1 - EndsTally.MaxRemembered, neighbour.Owner.Counts(EndRole.Server)[(int)EndKind.Other]);
    }

    /// <summary>Neither end tells who closed first where both have seen both FINs: the one that a scan finds tells for the other, too.</summary>
    [Fact]
    public void Add_MoreOfOneNamespaceThanAreRemembered_BothEndsOfAPairStayOne()
    {
        var neighbour = new EndsNamespace(9, _replay.Tally.PodOf(new PodIdentity(PodKind.Pod, "shop", "neighbour", "9")));
        const string Both = "server shuts down idle, then closes";
        var server = CapturedEnds.Scene(Both).InPods.First(static end => end.Role == EndRole.Server).End;
        _replay.Both(Both);
        Assert.Equal(2, _replay.Tally.Undecided);

        _replay.AddNoise(neighbour, EndsTally.MaxRemembered + 5000);
        _replay.Tally.OnTimeWait(_replay.ServerNetwork, server.Tuple, _replay.Clock);

        Assert.Equal((1, 1), (_replay.ServerSummary.Server[EndKind.ClosedFirstIdle], _replay.ClientSummary.Client[EndKind.PeerFirst]));
    }

    /// <summary>Nobody's few may push out the few of everybody else for ever: then the oldest gives way, as where there is one alone.</summary>
    [Fact]
    public void Add_FewOfEachOfManyNamespaces_EveryEndIsCounted()
    {
        const int Namespaces = 40;
        const int Each = 900;
        var networks = Enumerable.Range(0, Namespaces)
            .Select(number => new EndsNamespace(100 + number, _replay.Tally.PodOf(new PodIdentity(PodKind.Pod, "shop", $"p{number}", $"{number}"))))
            .ToArray();

        Array.ForEach(networks, network => _replay.AddNoise(network, Each));
        _replay.Tally.Finish(_replay.Clock);

        Assert.Equal(0, _replay.Tally.Undecided);
        Assert.All(networks, static network => Assert.Equal(Each, network.Owner.Counts(EndRole.Server).ToArray().Sum()));
    }

    /// <summary>The agent was stopped between a dump of sockets and what follows from it.</summary>
    [Fact]
    public void Settle_LongAfterADumpInTime_TheDumpTells()
    {
        _replay.Only(EndRole.Server, IdleClose).Pass(1);
        _replay.ServerNetwork.DumpedAt = _replay.Now;

        _replay.Pass(600);
        _replay.Tally.Settle(_replay.Clock, canLookUp: false);

        var server = _replay.ServerSummary.Server;
        Assert.Equal((1, 0), (server[EndKind.PeerFirst], server[EndKind.Other]));
    }

    /// <summary>After a minute no socket is in TIME_WAIT any more, whoever closed first.</summary>
    [Fact]
    public void OnSocket_NotThereAfterAMinute_TellsNothing()
    {
        _replay.Only(EndRole.Server, IdleClose).Pass(61);
        var questions = new EndQuestion[1];
        Assert.Equal(1, _replay.Tally.Ask(questions));

        _replay.Tally.OnSocket(questions[0].Id, isInTimeWait: false, _replay.Clock);
        _replay.Tally.Settle(_replay.Clock, canLookUp: false);

        Assert.Equal(1, _replay.ServerSummary.Server[EndKind.Other]);
    }

    private void AddPairs(int first, int count)
    {
        var (server, client) = (EndOf(EndRole.Server), EndOf(EndRole.Client));
        for (var pair = first; pair < first + count; pair++)
        {
            var (pod, peer) = (IpAddress.FromIPv4(0x0A01_0001), IpAddress.FromIPv4(0x0A00_0000 + (uint)pair));
            _replay.Tally.Add(server with { Tuple = server.Tuple with { Source = pod, Destination = peer } }, _replay.ServerNetwork, _replay.Clock);
            _replay.Tally.Add(client with { Tuple = client.Tuple with { Source = peer, Destination = pod } }, _replay.ClientNetwork, _replay.Clock);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference<EndsNamespace> UseAndLose(int number)
    {
        var identity = new PodIdentity(PodKind.Pod, "shop", "come-and-go", $"{number}");
        var network = new EndsNamespace(100 + number, _replay.Tally.PodOf(identity));
        var address = IpAddress.FromIPv4(0x0A00_0000 + (uint)number);
        network.AddListener(8080, network.Owner);
        _replay.Tally.NoteAddresses(network, [address]);
        var end = EndOf(EndRole.Server);
        _replay.Tally.Add(end with { Tuple = end.Tuple with { Source = address } }, network, _replay.Clock);
        network.IsGone = true;
        _replay.Tally.Forget(identity);
        return new(network);
    }

    private static ConnectionEnd EndOf(EndRole role) =>
        CapturedEnds.Scene(IdleClose).InPods.First(end => end.Role == role).End;
}
