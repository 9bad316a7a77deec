using System.Runtime.CompilerServices;
using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;
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
        while (pairs < 4 * EndsTally.MaxRemembered)
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
