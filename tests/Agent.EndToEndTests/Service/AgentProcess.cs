using System.Diagnostics;
using System.Text.Json;

namespace Agent.EndToEndTests.Service;

/// <summary>A running <c>closewatch run</c>, on a port of the kernel's choice.</summary>
internal sealed class AgentProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_startTimeout = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly List<string> _log = [];

    private AgentProcess(Process process) => _process = process;

    public Uri Address { get; private set; } = new("http://127.0.0.1:0");

    public HttpClient Client { get; } = new();

    public int Id => _process.Id;

    /// <summary>Starts the agent and waits until it listens.</summary>
    public static async Task<AgentProcess> StartAsync(string? file = null, IReadOnlyDictionary<string, string>? environment = null, params string[] settings)
    {
        string[] listen = settings.Any(static setting => setting.StartsWith("Http:Listen", StringComparison.Ordinal)) ? [] : ["Http:Listen=http://127.0.0.1:0"];
        IReadOnlyList<string> command = [Repository.Closewatch, "run", "--Pods:Source=none", .. file is null ? (string[])[] : ["--config", file], .. settings.Concat(listen).Select(static setting => "--" + setting)];
        var agent = new AgentProcess(Process.Start(Command.StartInfo(command, environment))!);
        var listening = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = Task.Run(() => agent.ReadLogAsync(listening));
        agent.Address = await listening.Task.WaitAsync(s_startTimeout);
        return agent;
    }

    /// <summary>Log messages so far that contain a text.</summary>
    public string[] Logged(string text)
    {
        lock (_log)
        {
            return [.. _log.Where(line => line.Contains(text, StringComparison.Ordinal))];
        }
    }

    public async Task<(int Status, string Body)> GetAsync(string path, string accept = "*/*")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Address, path));
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await Client.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Waits for the first scan.</summary>
    public Task ReadyAsync() => Eventually.TrueAsync("/readyz is good", async () => (await GetAsync("/readyz")).Status == 200, s_startTimeout);

    public async Task SignalAsync(string signal) => (await Command.RunAsync(["kill", "-" + signal, _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])).Checked();

    /// <summary>Sends a signal and waits for the end.</summary>
    public async Task<(int ExitCode, TimeSpan After)> EndAsync(string signal)
    {
        var watch = Stopwatch.StartNew();
        await SignalAsync(signal);
        await _process.WaitForExitAsync();
        return (_process.ExitCode, watch.Elapsed);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private async Task ReadLogAsync(TaskCompletionSource<Uri> listening)
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            lock (_log)
            {
                _log.Add(line);
            }

            using var entry = JsonDocument.Parse(line);
            if (entry.RootElement.TryGetProperty("addresses", out var addresses))
            {
                listening.TrySetResult(new(addresses.GetString()!));
            }
        }

        listening.TrySetException(new InvalidOperationException($"closewatch run ended: {await _process.StandardError.ReadToEndAsync()}"));
    }
}
