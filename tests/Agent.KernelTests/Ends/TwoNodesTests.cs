using Xunit;

namespace Agent.KernelTests.Ends;

/// <summary>
/// Requests lost are those that clients got no answer to; where that cannot be known it is said to be unknown.
/// </summary>
public sealed class TwoNodesTests(TwoNodesScene scene) : IClassFixture<TwoNodesScene>
{
    private readonly TwoNodesScene _scene = scene;

    /// <summary>
    /// nginx, HAProxy, gunicorn and Node.js with TLS 1.2 and 1.3; 9002, 9004 and 9007 are HTTP/2. 9009 has CBC, and most of
    /// its clients close without a word. Whether a request came with the server's last words or before them a clock tick may hide: then it
    /// is unknown, and never told of one that had its answer; where the client said nothing later, it looks like one that had its answer.
    /// </summary>
    [Theory]
    [InlineData(9001)]
    [InlineData(9002)]
    [InlineData(9003)]
    [InlineData(9004)]
    [InlineData(9005)]
    [InlineData(9006)]
    [InlineData(9007)]
    [InlineData(9009)]
    public void BothSidesAreHere_ThoseThatGotNoAnswer_AreLostOrUnknown(int port)
    {
        IsLostOrUnknown(_scene.Trace, _scene.Servers, port, _scene.Trace.HiddenByATick(port));
        Assert.Equal(0, _scene.Clients.Lost("client", port));
    }

    [Fact]
    public void BothSidesAreHere_WithoutTls_LostAreThoseThatGotNoAnswer() => IsLost(_scene.Trace, _scene.PlainServers);

    /// <summary>An alert at the moment of the close hides from one side or both how old the request was; nobody else is taken for one who gave up.</summary>
    [Fact]
    public void ClientsThatGaveUp_AreAbandoned()
    {
        foreach (var seen in _scene.Seen.Values)
        {
            var (client, server) = (_scene.Trace.Count(seen.Port, "client", "abandoned"), _scene.Trace.Count(seen.Port, "server", "abandoned"));
            var trace = $"{seen}\n{_scene.Trace.Of(seen.Port)}";
            // On a busy machine half a second may pass between a client's alert and its close: that looks like a request.
            var most = seen.GiveUp + seen.GiveUpWithWords + (seen.Leave / 2);
            Assert.True(client >= seen.GiveUp && client <= most, trace);
            Assert.True(server <= most, trace);
        }

        Assert.Contains(_scene.Seen.Values, static counts => counts.GiveUp > 0);
    }

    /// <summary>Without TLS conntrack and the counter of resets tell of each.</summary>
    [Fact]
    public void ClientsOnAnotherNode_WithoutTls_AllThatWereLost() => IsLost(_scene.FarTrace, _scene.FarPlainServers);

    /// <summary>
    /// With TLS every graceful close ends with a reset: what may be a request or an alert is unknown, and nothing that was answered is told as lost.
    /// What a clock tick hides is hidden from the server's side alone all the more.
    /// </summary>
    [Theory]
    [InlineData(9001)]
    [InlineData(9002)]
    [InlineData(9003)]
    [InlineData(9004)]
    [InlineData(9005)]
    [InlineData(9006)]
    [InlineData(9007)]
    [InlineData(9009)]
    public void ClientsOnAnotherNode_WithTls_ThoseThatGotNoAnswer_AreLostOrUnknown(int port) =>
        IsLostOrUnknown(_scene.FarTrace, _scene.FarServers, port, _scene.Trace.HiddenByATick(port));

    /// <summary>Of each connection of a port: told as lost only where its request was, and told as lost or perhaps lost where it was.</summary>
    private void IsLostOrUnknown(TracedEnds trace, EndsOf servers, int port, HashSet<int> hidden)
    {
        var seen = _scene.Seen[port];
        Assert.True(seen.Lost > 0, $"the clients did something else: {seen}");
        var (lost, maybe) = trace.LossesOfServer(port);
        var wrong = lost.Except(seen.LostFrom).ToArray();
        var untold = seen.LostFrom.Except(lost).Except(maybe).ToArray();
        var missing = untold.Except(hidden).ToArray();

        Assert.True(untold.Length < seen.Lost / 2, $"most requests are not told: {string.Join(' ', untold)}");

        Assert.True(
            wrong.Length == 0 && missing.Length == 0 && servers.Lost("server", port) <= seen.Lost,
            $"{seen}: wrong [{string.Join(' ', wrong)}], neither lost nor unknown [{string.Join(' ', missing)}]; {servers}\n{trace.Of(port)}");
    }

    private void IsLost(TracedEnds trace, EndsOf servers)
    {
        var seen = _scene.Seen[RealServers.PlainPort];
        Assert.True(seen.Lost > 0, $"the clients did something else: {seen}");
        Assert.True(trace.LossesOfServer(seen.Port).Lost.SetEquals(seen.LostFrom) && servers.AllLost == seen.Lost, $"{seen}, but {servers}\n{trace.Of(seen.Port)}");
        Assert.Equal(0, servers.LossUnknown);
    }
}
