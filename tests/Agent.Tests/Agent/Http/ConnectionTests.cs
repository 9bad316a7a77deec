using Agent.Http;
using Agent.Tests.Agent.Hosting;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Agent.Http;

/// <summary>Clients that hold connections, over real sockets.</summary>
public sealed class ConnectionTests
{
    [Fact]
    public async Task IdleConnections_MoreThanThereMayBe_LockOutNobodyAndLogOneLine()
    {
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(scanner);
        await agent.ScannedAsync(scanner, 1);
        var held = new List<RawClient>();
        try
        {
            for (var i = 0; i < 600; i++)
            {
                held.Add(await RawClient.ConnectAsync(agent.Address));
                Assert.Equal("HTTP/1.1 200 OK", await held[^1].AskAsync("/healthz"));
            }

            foreach (var page in (string[])["/healthz", "/readyz", "/metrics"])
            {
                using var probe = await RawClient.ConnectAsync(agent.Address);
                Assert.Equal("HTTP/1.1 200 OK", await probe.AskAsync(page));
            }

            await Eventually.True(() => held.Count(static client => !client.IsClosed) <= ConnectionGate.PerClient, "the oldest are closed");
            Assert.True(held[0].IsClosed);
            Assert.False(held[^1].IsClosed);
            Assert.Single(agent.Log.Containing("HTTP connections"));
            Assert.Single(agent.Log.Containing("Warning"));
        }
        finally
        {
            held.ForEach(static client => client.Dispose());
        }
    }

    [Fact]
    public async Task IdleConnection_WithoutAToken_IsClosedAfterSeconds()
    {
        using var directory = new TemporaryDirectory();
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(scanner, $"Http:BearerTokenFile={directory.Write("token", "sesame")}");
        await agent.ScannedAsync(scanner, 1);
        using var probe = await RawClient.ConnectAsync(agent.Address);
        using var stranger = await RawClient.ConnectAsync(agent.Address);
        using var scraper = await RawClient.ConnectAsync(agent.Address);
        Assert.Equal("HTTP/1.1 200 OK", await probe.AskAsync("/healthz"));
        Assert.Equal("HTTP/1.1 401 Unauthorized", await stranger.AskAsync("/metrics", headers: "Authorization: Bearer guess\r\n"));
        Assert.Equal("HTTP/1.1 200 OK", await scraper.AskAsync("/metrics", headers: "Authorization: Bearer sesame\r\n"));

        agent.Time.Advance(ClientConnection.IdleTimeout);
        Assert.Equal("HTTP/1.1 200 OK", await probe.AskAsync("/healthz"));
        agent.Time.Advance(TimeSpan.FromMilliseconds(1));
        await Eventually.True(() => stranger.IsClosed, "the stranger's connection is closed");
        Assert.Equal("HTTP/1.1 200 OK", await probe.AskAsync("/healthz"));
        agent.Time.Advance(ClientConnection.IdleTimeout + TimeSpan.FromSeconds(1));
        await Eventually.True(() => probe.IsClosed, "the probe's connection is closed");
        Assert.Equal("HTTP/1.1 200 OK", await scraper.AskAsync("/metrics", headers: "Authorization: Bearer sesame\r\n"));
    }

    [Fact]
    public async Task Connection_SendsNothingOrHalfAHead_IsCutOffWhileOthersAreServed()
    {
        using var scanner = new FakeScanner();
        await using var agent = await TestAgent.StartAsync(scanner);
        await agent.ScannedAsync(scanner, 1);
        using var silent = await RawClient.ConnectAsync(agent.Address);
        using var slow = await RawClient.ConnectAsync(agent.Address);
        await slow.SendAsync("GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ");
        Assert.Equal(200, (await agent.GetAsync("/metrics")).Status);
        var (silence, answer) = (silent.ReadToEndAsync(), slow.ReadToEndAsync());
        // What the server takes up only after the clock was moved has all its time from then on.
        await Eventually.True(
            () =>
            {
                agent.Time.Advance(ClientConnection.HeadTimeout + TimeSpan.FromMilliseconds(1));
                return silence.IsCompleted && answer.IsCompleted;
            },
            "both are cut off");
        Assert.Empty(await silence);
        Assert.DoesNotContain("200 OK", await answer, StringComparison.Ordinal);
        Assert.Equal(200, (await agent.GetAsync("/metrics")).Status);
    }
}
