using Agent.Core.Ends;
using Agent.Core.Model;
using Agent.Kernel.Net;
using Agent.Kernel.SockDiag;
using Xunit;

namespace Agent.Tests.Core.Ends;

/// <summary>
/// A server with TLS that closed first, its alert and the last that came within one tick of the clock: what came may be a request, unless
/// the client's side is here and says otherwise.
/// </summary>
public sealed class HiddenRequestTests
{
    private const ConnectionEndFields Everything = (ConnectionEndFields)byte.MaxValue;
    private const uint Sent = 400;

    private readonly EndReplay _replay = new();

    public HiddenRequestTests() => _replay.Server.Port(EndRole.Server, 8080).Habit.SawAlert();

    [Theory]
    [InlineData(4u, 4u, true, 1)]
    [InlineData(0u, 4u, true, 1)] // it spoke after the alert: a request, or its own alert
    [InlineData(8u, 4u, true, 0)] // it said nothing after the alert
    [InlineData(4u, 4u, false, 0)] // the server took nothing more, not even its FIN
    public void BothSidesAreHere_IsUnknownWhereTheClientMayHaveAsked(uint clientSent, uint clientReceived, bool serverGotFin, int unknown)
    {
        var tuple = Tuple();
        _replay.Tally.Add(Server(serverGotFin) with { Tuple = tuple }, _replay.ServerNetwork, _replay.Clock);
        _replay.Tally.Add(Client(clientSent, clientReceived) with { Tuple = tuple.Reversed }, new EndsNamespace(3, _replay.Client), _replay.Clock);

        _replay.Tally.OnTimeWait(_replay.ServerNetwork, tuple, _replay.Clock);

        Assert.Equal((0, unknown), (_replay.ServerSummary.Lost(EndRole.Server), _replay.ServerSummary.LossUnknown));
        Assert.Equal(1, _replay.ServerSummary.Server[EndKind.ClosedFirst]);
    }

    [Fact]
    public void ClientElsewhere_IsUnknown_AndTold()
    {
        _replay.Tally.Add(Server(gotFin: true) with { Tuple = Tuple() }, _replay.ServerNetwork, _replay.Clock);

        _replay.Tally.OnTimeWait(_replay.ServerNetwork, Tuple(), _replay.Clock);

        Assert.Equal(1, _replay.ServerSummary.LossUnknown);
        Assert.Equal(LossCause.Unknown, Assert.Single(_replay.Told).Loss);
    }

    private static ConnectionTuple Tuple() =>
        CapturedEnds.Scene("server closes idle").InPods.First(static end => end.Role == EndRole.Server).End.Tuple;

    private static ConnectionEnd Server(bool gotFin) => new()
    {
        Present = Everything,
        LastDataSentMilliseconds = 4,
        LastDataReceivedMilliseconds = 4,
        BytesReceived = Sent + (gotFin ? 1u : 0u),
        BytesSent = 1000,
        BytesAcked = 1001,
    };

    private static ConnectionEnd Client(uint lastSent, uint lastReceived) => new()
    {
        Present = Everything,
        LastDataSentMilliseconds = lastSent,
        LastDataReceivedMilliseconds = lastReceived,
        BytesReceived = 1001,
        BytesSent = Sent,
        BytesAcked = Sent + 2,
    };
}
