using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Agent.EndToEndTests.Reports;

namespace Agent.EndToEndTests.Node;

/// <summary><c>closewatch run</c> as a process of the node.</summary>
public sealed class NodeAgent : IAsyncDisposable
{
    private static readonly TimeSpan s_startTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(250);

    private readonly PodNode _node;
    private readonly Process _process;
    private string _address = "";

    private NodeAgent(PodNode node, Process process) => (_node, _process) = (node, process);

    /// <summary>Starts it, and waits until it listens, on a loopback port of the node.</summary>
    public static Task<NodeAgent> StartAsync(PodNode node, params IReadOnlyList<string> settings) =>
        StartAsync(node, new Dictionary<string, string>(), settings);

    /// <summary>The same with more in its environment.</summary>
    public static Task<NodeAgent> StartAsync(PodNode node, IReadOnlyDictionary<string, string> environment, params IReadOnlyList<string> settings) =>
        StartAsync(node, [], environment, settings);

    /// <summary>The same by a command that runs the words after it.</summary>
    public static async Task<NodeAgent> StartAsync(
        PodNode node, IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, params IReadOnlyList<string> settings)
    {
        var start = node.StartInfo(
            [.. command, Repository.Closewatch, "run", "--Http:Listen=http://127.0.0.1:0", "--Logging:Format=json", .. ScanInterval.Apply(settings).Select(static setting => "--" + setting)]);
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var agent = new NodeAgent(node, Process.Start(start)!);
        var listening = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = Task.Run(() => agent.ReadLogAsync(listening));
        agent._address = await listening.Task.WaitAsync(s_startTimeout);
        return agent;
    }

    /// <summary>
    /// What it answers at a path. Where the machine is so slow that the last scan is older than three intervals, the next one is awaited.
    /// </summary>
    public async Task<string> GetAsync(string path)
    {
        var ends = DateTime.UtcNow + s_startTimeout;
        for (; ; )
        {
            using var answer = await _node.Http.GetAsync(new Uri(_address + path));
            if (DateTime.UtcNow > ends || answer.StatusCode != HttpStatusCode.ServiceUnavailable)
            {
                return await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
            }

            await Task.Delay(s_pause);
        }
    }

    /// <summary>The same; null where it does not say 200.</summary>
    public Task<string?> TryGetAsync(string path) => _node.TryGetAsync(_address + path);

    /// <summary>What it knows now.</summary>
    public async Task<NodeReport> ReportAsync() => new(await GetAsync("/report.json"));

    /// <summary>Waits for the first scan.</summary>
    public Task ReadyAsync() => Eventually.TrueAsync(
        "the agent is ready", async () => await TryGetAsync("/readyz") is not null, s_startTimeout);

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit code, 128 and the signal's number where one ended it.</returns>
    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(s_startTimeout);
        return _process.ExitCode;
    }

    /// <summary>Asks it to end, and waits until it has.</summary>
    public async Task<int> StopAsync()
    {
        // What was started is nsenter, which waits for the process that it put into the node.
        (await Command.RunAsync(["pkill", "-TERM", "-P", $"{_process.Id}"])).Checked();
        return await EndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private async Task ReadLogAsync(TaskCompletionSource<string> listening)
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            using var entry = JsonDocument.Parse(line);
            if (entry.RootElement.TryGetProperty("addresses", out var addresses))
            {
                listening.TrySetResult(addresses.GetString()!);
            }
        }

        listening.TrySetException(new InvalidOperationException($"closewatch run ended: {await _process.StandardError.ReadToEndAsync()}"));
    }
}
