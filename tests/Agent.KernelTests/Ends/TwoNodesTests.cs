using Xunit;

namespace Agent.KernelTests.Ends;

/// <summary>
/// Requests lost are those that clients got no answer to; where that cannot be known it is said to be unknown.
/// </summary>
public sealed class TwoNodesTests(TwoNodesScene scene) : IClassFixture<TwoNodesScene>
{
    private readonly TwoNodesScene _scene = scene;

    /// <summary>
    /// nginx, HAProxy, gunicorn and Node.js with TLS 1.2 and 1.3; 9002, 9004 and 9007 are HTTP/2. Whether a request came with the server's last
    /// words or before them a clock tick may hide: then it is unknown, and never told of one that had its answer.
    /// </summary>
    [Theory]
    [InlineData(9001)]
    [InlineData(9002)]
    [InlineData(9003)]
    [InlineData(9004)]
    [InlineData(9005)]
    [InlineData(9006)]
    [InlineData(9007)]
    public void BothSidesAreHere_ThoseThatGotNoAnswer_AreLostOrUnknown(int port)
    {
        var (seen, lost) = (_scene.Seen[port], _scene.Servers.Lost("server", port));
        Assert.True(seen.Lost > 0, $"the clients did something else: {seen}");

        Assert.True(lost <= seen.Lost && seen.Lost <= lost + _scene.Servers.LossUnknown, $"{seen}, but {_scene.Servers}\n{_scene.TraceOf(port)}");
        Assert.Equal(0, _scene.Clients.Lost("client", port));
    }

    [Fact]
    public void BothSidesAreHere_WithoutTls_LostAreThoseThatGotNoAnswer()
    {
        Assert.True(_scene.Lost(isPlain: true) > 0, "nothing was lost: the scene shows nothing");
        Assert.True(_scene.Lost(isPlain: true) == _scene.PlainServers.AllLost, $"{_scene.PlainServers}\n{_scene.TraceOf(RealServers.PlainPort)}");
        Assert.Equal(0, _scene.PlainServers.LossUnknown);
    }

    /// <summary>An alert at the moment of the close hides from one side or both how old the request was; nobody else is taken for one who gave up.</summary>
    [Fact]
    public void ClientsThatGaveUp_AreAbandoned()
    {
        foreach (var seen in _scene.Seen.Values)
        {
            var (client, server) = (_scene.Count(seen.Port, "client", "abandoned"), _scene.Count(seen.Port, "server", "abandoned"));
            var trace = $"{seen}\n{_scene.TraceOf(seen.Port)}";
            // On a busy machine half a second may pass between a client's alert and its close: that looks like a request.
            var most = seen.GiveUp + seen.GiveUpWithWords + (seen.Leave / 2);
            Assert.True(client >= seen.GiveUp && client <= most, trace);
            Assert.True(server <= most, trace);
        }

        Assert.Contains(_scene.Seen.Values, static counts => counts.GiveUp > 0);
    }

    /// <summary>Without TLS conntrack and the counter of resets tell of each.</summary>
    [Fact]
    public void ClientsOnAnotherNode_WithoutTls_AllThatWereLost()
    {
        Assert.True(_scene.Lost(isPlain: true) == _scene.FarPlainServers.AllLost, $"{_scene.FarPlainServers}\n{_scene.FarTrace}");
        Assert.Equal(0, _scene.FarPlainServers.LossUnknown);
    }

    /// <summary>
    /// With TLS every graceful close ends with a reset: what may be a request or an alert is unknown, and nothing that was answered is told as lost.
    /// </summary>
    [Fact]
    public void ClientsOnAnotherNode_WithTls_NothingIsGuessed()
    {
        Assert.All(_scene.Seen.Values, seen => Assert.True(
            seen.Port == RealServers.PlainPort || _scene.FarServers.Lost("server", seen.Port) <= seen.Lost, $"{seen}, but {_scene.FarServers}\n{_scene.FarTrace}"));
        Assert.True(_scene.FarServers.LossUnknown > 0, $"{_scene.FarServers}\n{_scene.FarTrace}");
    }
}
