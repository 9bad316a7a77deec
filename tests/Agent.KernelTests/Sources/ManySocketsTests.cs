using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Sources;

/// <summary>
/// One tenant holds more half-closed sockets than the agent keeps, under the memory limit of deploy/base/daemonset.yaml: 18,500 here,
/// CLOSEWATCH_MANY_SOCKETS=1000000 for the long form.
/// </summary>
[Collection(Collection)]
public sealed class ManySocketsTests
{
    /// <summary>Reports of the whole node have all these sockets to read too: one after the other.</summary>
    public const string Collection = "reports of the whole node";

    private const long Limit = 256 << 20;
    private const long Allowed = 128 << 20;
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task Agent_MoreHalfClosedSocketsThanItKeeps_CountsAllInHalfOfItsMemory()
    {
        var count = Environment.GetEnvironmentVariable("CLOSEWATCH_MANY_SOCKETS") is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : 18_500;
        using var network = new NetworkNamespaceFixture();
        using var memory = new MemoryLimit(Limit);
        using var crowd = new SocketCrowd(network, count / 2);
        string[] words = [.. memory.Enter, Programs.Closewatch, "run", "--Http:Listen=http://127.0.0.1:0", "--Logging:Format=json", "--Collection:Interval=3s", "--Pods:Source=none"];
        using var agent = Process.Start(new ProcessStartInfo(words[0], words[1..]) { RedirectStandardOutput = true })!;
        try
        {
            using var client = new HttpClient { BaseAddress = await AddressAsync(agent), Timeout = s_patience };
            var (scans, anonymous) = (0L, 0L);
            var clock = Stopwatch.StartNew();
            for (var seen = 0; seen < 3;)
            {
                Assert.True(clock.Elapsed < s_patience, $"{seen} scans seen");
                await Task.Delay(200, TestContext.Current.CancellationToken);
                anonymous = Math.Max(anonymous, memory.AnonymousBytes);
                var metrics = await MetricsAsync(client);
                if (Value(metrics, "closewatch_scans_total") is { } now && now > scans)
                {
                    foreach (var state in (string[])["close_wait", "fin_wait2"])
                    {
                        var series = $$"""closewatch_pod_half_closed_sockets{namespace="",pod="netns:{{network.Name}}",state="{{state}}"}""";
                        Assert.Equal(count / 2, Value(metrics, series));
                    }

                    scans = now;
                    seen++;
                }
            }

            Assert.Equal("ok", (await client.GetStringAsync("/healthz", TestContext.Current.CancellationToken)).Trim());
            TestContext.Current.TestOutputHelper?.WriteLine($"{count} sockets: peak {memory.PeakBytes >> 20} MiB, {anonymous >> 20} MiB of it no file's, {clock.Elapsed.TotalSeconds:0} s for 3 scans");
            Assert.InRange(anonymous, 1, Allowed);
            Assert.InRange(memory.PeakBytes, 1, Limit);
        }
        finally
        {
            agent.Kill();
            await agent.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    private static async Task<Uri> AddressAsync(Process agent)
    {
        while (await agent.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            using var entry = JsonDocument.Parse(line);
            if (entry.RootElement.TryGetProperty("addresses", out var address))
            {
                _ = agent.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
                return new(address.GetString()!);
            }
        }

        throw new InvalidOperationException("closewatch run ended");
    }

    /// <returns>Empty while there is no fresh snapshot.</returns>
    private static async Task<string[]> MetricsAsync(HttpClient client)
    {
        using var response = await client.GetAsync("/metrics", TestContext.Current.CancellationToken);
        return response.IsSuccessStatusCode ? (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split('\n') : [];
    }

    private static long? Value(string[] metrics, string series) =>
        metrics.FirstOrDefault(line => line.StartsWith(series + " ", StringComparison.Ordinal)) is { } line
            ? (long)double.Parse(line[(series.Length + 1)..], CultureInfo.InvariantCulture)
            : null;
}
