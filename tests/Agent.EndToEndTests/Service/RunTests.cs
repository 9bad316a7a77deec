using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Agent.Tests.Testing;
using Xunit;

namespace Agent.EndToEndTests.Service;

/// <summary><c>closewatch run</c> as an operator, systemd and Kubernetes treat it.</summary>
[Lasts(seconds: 15)]
public sealed class RunTests
{
    [Fact]
    public async Task Run_Sigterm_EndsWithinTwoSeconds()
    {
        await using var agent = await AgentProcess.StartAsync();
        await agent.ReadyAsync();

        // A client that reads nothing must not hold it up.
        using var slow = new TcpClient();
        await slow.ConnectAsync("127.0.0.1", agent.Address.Port, TestContext.Current.CancellationToken);
        await slow.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        var (exitCode, after) = await agent.EndAsync("TERM");
        Assert.Equal(0, exitCode);
        Assert.True(after < TimeSpan.FromSeconds(2), $"took {after}");
    }

    [Fact]
    public async Task Run_KilledAndStartedAgain_ServesOnTheSamePort()
    {
        await using var first = await AgentProcess.StartAsync();
        await first.ReadyAsync();
        Assert.Equal(137, (await first.EndAsync("KILL")).ExitCode);
        await using var second = await AgentProcess.StartAsync(settings: $"Http:Listen=http://127.0.0.1:{first.Address.Port}");
        await second.ReadyAsync();
        Assert.Contains("closewatch_scans_total 1\n", (await second.GetAsync("/metrics")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Sighup_ReadsTheConfigurationAndRefusesABadOne()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, """{ "Collection": { "Interval": "20s" } }""", TestContext.Current.CancellationToken);
            await using var agent = await AgentProcess.StartAsync(file);
            await File.WriteAllTextAsync(file, """{ "Collection": { "Interval": "often" } }""", TestContext.Current.CancellationToken);
            await agent.SignalAsync("HUP");
            await Eventually.TrueAsync("the refusal is logged", () => Task.FromResult(agent.Logged("the old one stays in force").Length == 1));
            await File.WriteAllTextAsync(file, """{ "Collection": { "Interval": "2s" } }""", TestContext.Current.CancellationToken);
            await agent.SignalAsync("HUP");
            await Eventually.TrueAsync(
                "the new interval is in force", async () => (await agent.GetAsync("/metrics")).Body.Contains("closewatch_scan_interval_seconds 2\n", StringComparison.Ordinal));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Run_PortInUse_OneLineAndExitCode2()
    {
        await using var agent = await AgentProcess.StartAsync();
        var second = await Command.RunAsync([Repository.Closewatch, "run", "--Pods:Source=none", $"--Http:Listen=http://127.0.0.1:{agent.Address.Port}"]);
        Assert.Equal(2, second.ExitCode);
        Assert.Equal("", second.Output);
        Assert.Matches($@"\Aclosewatch: Http:Listen = http://127\.0\.0\.1:{agent.Address.Port}: the port is in use[^\n]*\n\z", second.Error);
    }

    [Fact]
    public async Task Run_DiskForLogsIsFull_ServesAllTheSame()
    {
        var port = FreePort();
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", $"exec '{Repository.Closewatch}' run --Pods:Source=none --Http:Listen=http://127.0.0.1:{port} >/dev/full 2>&1"]))!;
        try
        {
            using var client = new HttpClient();
            await Eventually.TrueAsync(
                "it serves", () => IsGoodAsync(client, new Uri($"http://127.0.0.1:{port}/metrics")), TimeSpan.FromSeconds(30));
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task Run_NobodyReadsItsLog_ServesAndEnds()
    {
        var directory = Directory.CreateTempSubdirectory("closewatch-log-");
        try
        {
            // A pipe that is full before the agent writes its first line; the agent itself keeps it open, so that nobody ever hangs up.
            var port = FreePort();
            var log = Path.Combine(directory.FullName, "log");
            using var process = Process.Start(new ProcessStartInfo("sh", [
                "-c",
                $"mkfifo {log}; exec 3<>{log}; dd if=/dev/zero of={log} oflag=nonblock bs=4096 count=1000 2>/dev/null; "
                    + $"exec '{Repository.Closewatch}' run --Pods:Source=none --Collection:Interval=1s --Http:Listen=http://127.0.0.1:{port} >&3 2>&3",
            ]))!;
            try
            {
                using var client = new HttpClient();
                var metrics = new Uri($"http://127.0.0.1:{port}/metrics");
                await Eventually.TrueAsync("it serves", () => IsGoodAsync(client, metrics), TimeSpan.FromSeconds(30));
                await Eventually.TrueAsync(
                    "it goes on scanning",
                    async () => !Regex.IsMatch(await client.GetStringAsync(metrics), "^closewatch_scans_total [012]$", RegexOptions.Multiline),
                    TimeSpan.FromSeconds(30));
                (await Command.RunAsync(["kill", "-TERM", process.Id.ToString(CultureInfo.InvariantCulture)])).Checked();
                await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
                Assert.Equal(0, process.ExitCode);
            }
            finally
            {
                process.Kill();
                await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Run_UnderSystemd_SaysWhenItIsReady()
    {
        var path = Path.Combine(Path.GetTempPath(), $"closewatch-notify-{Guid.NewGuid():N}");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        try
        {
            await using var agent = await AgentProcess.StartAsync(environment: new Dictionary<string, string> { ["NOTIFY_SOCKET"] = path });
            Assert.Equal("READY=1", await ReceiveAsync(socket));
            await agent.EndAsync("TERM");
            Assert.Equal("STOPPING=1", await ReceiveAsync(socket));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static async Task<string> ReceiveAsync(Socket socket)
    {
        var buffer = new byte[64];
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var length = await socket.ReceiveAsync(buffer, limit.Token);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    private static async Task<bool> IsGoodAsync(HttpClient client, Uri address)
    {
        try
        {
            using var response = await client.GetAsync(address);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
