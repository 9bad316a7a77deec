using System.Diagnostics;
using System.Text.Json;
using Agent.EndToEndTests.Node;
using Xunit;

namespace Agent.EndToEndTests.Monitoring;

/// <summary>A Prometheus in the network of a node, which scrapes the agent there and evaluates the alerts.</summary>
public sealed class PrometheusServer : IAsyncDisposable
{
    private const string Address = "http://127.0.0.1:9090";

    private readonly PodNode _node;
    private readonly DirectoryInfo _directory;
    private readonly Process _process;

    private PrometheusServer(PodNode node, DirectoryInfo directory, Process process) => (_node, _directory, _process) = (node, directory, process);

    /// <summary>Starts it; the agent is at <paramref name="agent"/> (host:port).</summary>
    public static async Task<PrometheusServer> StartAsync(PodNode node, string agent)
    {
        var directory = Directory.CreateTempSubdirectory("closewatch-prometheus-");
        var configuration = Path.Combine(directory.FullName, "prometheus.yml");
        await File.WriteAllTextAsync(configuration, $$"""
            global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
            rule_files: [{{Repository.PathOf("deploy/monitoring/alerts.yaml")}}]
            scrape_configs:
              - job_name: closewatch/closewatch
                honor_labels: true
                static_configs: [{targets: ["{{agent}}"], labels: {node: "{{node.Name}}"} }]
              - job_name: itself
                static_configs: [{targets: ["127.0.0.1:9090"]}]
            """);
        var process = Process.Start(node.StartInfo(
            "prometheus", $"--config.file={configuration}", $"--storage.tsdb.path={directory.FullName}/data", "--web.listen-address=127.0.0.1:9090", "--log.level=error"))!;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        var server = new PrometheusServer(node, directory, process);
        await Eventually.TrueAsync("Prometheus answers", async () => await node.TryGetAsync(Address + "/-/ready") is not null, TimeSpan.FromSeconds(60));
        return server;
    }

    /// <summary>How many series an instant query gives now.</summary>
    public async Task<int> CountAsync(string query)
    {
        using var answer = await _node.Http.GetAsync(new Uri($"{Address}/api/v1/query?query={Uri.EscapeDataString(query)}"));
        var json = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{query}: {json}");
        using var result = JsonDocument.Parse(json);
        return result.RootElement.GetProperty("data").GetProperty("result").GetArrayLength();
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _directory.Delete(recursive: true);
    }
}
