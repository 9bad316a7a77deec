using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Xunit;

namespace Agent.EndToEndTests.Service;

/// <summary>A changed threshold changes the next verdict and forgets nothing.</summary>
public sealed class ReloadTests
{
    // More than any other port of the machine has: the report shows the port with most samples.
    private const int Idle = 100;

    [Fact]
    public async Task Reload_LeakAge_ChangesTheVerdictAndKeepsTheIdleHistory()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var port = ((IPEndPoint)server.LocalEndpoint).Port;
        using var connections = new Connections(server, port);
        var file = Path.GetTempFileName();
        try
        {
            await WriteAsync(file, "10000h");
            await using var agent = await AgentProcess.StartAsync(file);
            await agent.ReadyAsync();
            var before = 0L;
            await Eventually.TrueAsync("three scans have looked at the idle connections", async () => (before = (await SeenAsync(agent, port)).Samples) >= 3 * Idle);
            Assert.False((await SeenAsync(agent, port)).Leaks);

            await WriteAsync(file, "1s");
            await agent.SignalAsync("HUP");
            var after = (Leaks: false, Samples: 0L);
            await Eventually.TrueAsync("the shorter age makes it a leak", async () => (after = await SeenAsync(agent, port)).Leaks);
            Assert.True(after.Samples > before, $"{before} samples before, {after.Samples} after");
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static Task WriteAsync(string file, string leakAge) => File.WriteAllTextAsync(
        file,
        $$"""{ "Collection": { "Interval": "1s" }, "Diagnosis": { "LeakAge": "{{leakAge}}", "LeakCount": 1 } }""",
        TestContext.Current.CancellationToken);

    private static async Task<(bool Leaks, long Samples)> SeenAsync(AgentProcess agent, int port)
    {
        using var report = JsonDocument.Parse((await agent.GetAsync("/report.json")).Body);
        var leaks = report.RootElement.GetProperty("findings").EnumerateArray().Any(static finding =>
            finding.GetProperty("id").GetString() == "close-wait-leak" && finding.GetProperty("subject").GetProperty("name").GetString() == "host");
        var host = report.RootElement.GetProperty("pods").EnumerateArray().First(static pod => pod.GetProperty("name").GetString() == "host");
        var isOurs = host.TryGetProperty("idle", out var idle) && idle.GetProperty("port").GetInt32() == port;
        return (leaks, isOurs ? idle.GetProperty("samples").GetInt64() : 0);
    }

    /// <summary>Connections that idle after an answer, and one that its client has closed and its server has not.</summary>
    private sealed class Connections : IDisposable
    {
        private readonly List<Socket> _sockets = [];

        public Connections(TcpListener server, int port)
        {
            for (var i = 0; i <= Idle; i++)
            {
                var client = Add(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
                client.Connect(IPAddress.Loopback, port);
                var accepted = Add(server.AcceptSocket());
                client.Send([1]);
                accepted.Receive(new byte[1]);
                accepted.Send([2]);
                client.Receive(new byte[1]);
            }

            _sockets[^2].Shutdown(SocketShutdown.Send);
        }

        private Socket Add(Socket socket)
        {
            _sockets.Add(socket);
            return socket;
        }

        public void Dispose() => _sockets.ForEach(static socket => socket.Dispose());
    }
}
