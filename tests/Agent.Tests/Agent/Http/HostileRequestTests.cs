using System.Text;
using Agent.Tests.Agent.Hosting;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.Tests.Agent.Http;

/// <summary>Whatever is sent, the next one is served, and the log holds nothing of it.</summary>
public sealed class HostileRequestTests
{
    private const string Valid =
        "GET /report?namespace=shop&pod=web&top=5&output=json&width=80 HTTP/1.1\r\nHost: localhost:9742\r\n"
        + "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\nAccept-Encoding: gzip;q=0.5, br\r\nAuthorization: Bearer sesame\r\n\r\n";

    [Fact]
    public async Task Requests_Hostile_AreAnsweredOrRefused()
    {
        using var directory = new TemporaryDirectory();
        using var scanner = new FakeScanner(static (_, _, _) => TestSnapshots.Of(TestSnapshots.Pod("web", closeWait: 3, podNamespace: "shop")));
        await using var agent = await TestAgent.StartAsync(scanner, $"Http:BearerTokenFile={directory.Write("token", "sesame")}");
        await agent.ScannedAsync(scanner, 1);
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var index = 0; index < 300; index++)
        {
            var request = Request(random);
            var answer = await SendAsync(agent.Address, request);
            Assert.False(answer.StartsWith("HTTP/1.1 500", StringComparison.Ordinal), $"seed {seed}, case {index}: {Convert.ToHexString(request)}");
        }

        Assert.Equal(200, (await agent.GetAsync("/healthz")).Status);
        // Kestrel also warns when its timer of a second comes late, which the machine's other work decides.
        Assert.DoesNotContain(
            agent.Log.Containing("Error:").Concat(agent.Log.Containing("Warning:")),
            static line => !line.Contains("the heartbeat has been running for", StringComparison.Ordinal));
    }

    private static async Task<string> SendAsync(Uri address, byte[] request)
    {
        using var client = await RawClient.ConnectAsync(address);
        return await client.SendAllAsync(request);
    }

    private static byte[] Request(Random random)
    {
        var valid = Encoding.UTF8.GetBytes(Valid);
        var parts = Valid.Split("shop", 2);
        return random.Next(4) switch
        {
            0 => Hostile.Bytes(valid, random),
            1 => [.. Encoding.ASCII.GetBytes(parts[0]), .. Encoding.ASCII.GetBytes(Escaped(random)), .. Encoding.ASCII.GetBytes(parts[1])],
            2 => Encoding.UTF8.GetBytes(Valid.Replace("localhost:9742", Hostile.Text(random), StringComparison.Ordinal)),
            _ => Encoding.UTF8.GetBytes(Valid.Replace(random.Next(2) == 0 ? "gzip" : "sesame", Hostile.Text(random), StringComparison.Ordinal)),
        };
    }

    /// <summary>Any bytes, as a URL has them.</summary>
    private static string Escaped(Random random)
    {
        var bytes = random.Next(2) == 0 ? Encoding.UTF8.GetBytes(Hostile.Text(random)) : Hostile.Bytes("shop"u8.ToArray(), random);
        return string.Concat(bytes.Select(static value => $"%{value:x2}"));
    }
}
