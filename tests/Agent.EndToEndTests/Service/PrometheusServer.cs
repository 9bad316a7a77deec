using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Agent.EndToEndTests.Service;

/// <summary>A real Prometheus (Debian package prometheus) that scrapes every second.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _directory;
    private readonly HttpClient _client;

    private PrometheusServer(Process process, string directory, int port)
    {
        (_process, _directory) = (process, directory);
        _client = new() { BaseAddress = new($"http://127.0.0.1:{port}/") };
    }

    /// <summary>Starts it with one job for each name and port.</summary>
    public static async Task<PrometheusServer> StartAsync(params (string Job, int Port)[] targets)
    {
        var directory = Directory.CreateTempSubdirectory("closewatch-prometheus-").FullName;
        var jobs = targets.Select(static target =>
            $$"""
              - {job_name: {{target.Job}}, honor_labels: true, static_configs: [{targets: ["127.0.0.1:{{target.Port}}"]}]}
            """);
        var configuration = Path.Combine(directory, "prometheus.yml");
        await File.WriteAllTextAsync(configuration, $"global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n{string.Join('\n', jobs)}\n");
        var port = FreePort();
        var process = Process.Start(Command.StartInfo(
            ["prometheus", $"--config.file={configuration}", $"--storage.tsdb.path={directory}/data", $"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]))!;
        return new(process, directory, port);
    }

    /// <summary>The values of an instant query by their labels, as <c>a=b,c=d</c> without job, instance and name; null while it does not answer yet.</summary>
    public async Task<IReadOnlyDictionary<string, double>?> QueryAsync(string query)
    {
        try
        {
            await using var answer = await _client.GetStreamAsync(new Uri($"api/v1/query?query={Uri.EscapeDataString(query)}", UriKind.Relative));
            using var json = await JsonDocument.ParseAsync(answer);
            return json.RootElement.GetProperty("data").GetProperty("result").EnumerateArray().ToDictionary(
                static series => string.Join(",", series.GetProperty("metric").EnumerateObject()
                    .Where(static label => label.Name is not ("instance" or "__name__"))
                    .Select(static label => $"{label.Name}={label.Value.GetString()}").Order(StringComparer.Ordinal)),
                static series => double.Parse(series.GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture));
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>Asks until the answer is what is waited for.</summary>
    public Task UntilAsync(string query, Func<IReadOnlyDictionary<string, double>, bool> condition) => Eventually.TrueAsync(
        query, async () => await QueryAsync(query) is { } answer && condition(answer), TimeSpan.FromSeconds(60));

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
