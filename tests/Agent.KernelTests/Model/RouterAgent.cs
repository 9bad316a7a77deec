using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Agent.KernelTests.Testing;
using Xunit;

namespace Agent.KernelTests.Model;

/// <summary><c>closewatch run</c> in a namespace, scanning every second or so, and its reports.</summary>
internal sealed class RouterAgent : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly NetworkNamespaceFixture _network;
    private readonly Process _process;
    private readonly HttpClient _http;

    /// <param name="network">Where it runs, and answers.</param>
    /// <param name="starter">What starts it there; null for nsenter(1).</param>
    /// <param name="interval">Collection:Interval.</param>
    public RouterAgent(NetworkNamespaceFixture network, string[]? starter = null, string interval = "1s")
    {
        _network = network;
        starter ??= ["nsenter", $"--net={network.Path}"];
        _process = Process.Start(new ProcessStartInfo(
            starter[0],
            [.. starter[1..], Programs.Closewatch, "run", $"--Collection:Interval={interval}", "--Collection:CpuBudgetPercent=100", "--Pods:Source=none"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _process.OutputDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
        _process.ErrorDataReceived += static (_, _) => { };
        _process.BeginErrorReadLine();
#pragma warning disable CA2000 // The client disposes of its handler.
        _http = new HttpClient(new SocketsHttpHandler { ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(new NetworkStream(Connect(), ownsSocket: true)) })
#pragma warning restore CA2000
        {
            BaseAddress = new Uri("http://127.0.0.1:9742"),
        };
    }

    /// <summary>The report of a scan that began after now, as soon as it satisfies the condition; the last one when none does.</summary>
    public async Task<JsonElement> ReportAsync(Func<JsonElement, bool> isRight, TimeSpan within)
    {
        var since = DateTimeOffset.UtcNow;
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var report = await TryReadAsync();
            if (report is { } one && one.GetProperty("node").GetProperty("takenAt").GetDateTimeOffset() > since && (isRight(one) || watch.Elapsed > within))
            {
                return one;
            }

            Assert.True(watch.Elapsed < s_patience, "no new report within 60 s");
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Its trace from now on, until the agent is disposed of: each line is handed over.</summary>
    public async Task TraceAsync(Action<string> onLine)
    {
        var stream = await _http.GetStreamAsync(new Uri("/trace", UriKind.Relative), TestContext.Current.CancellationToken);
        _ = Task.Run(async () =>
        {
            using var reader = new StreamReader(stream);
            try
            {
                while (await reader.ReadLineAsync() is { } line)
                {
                    onLine(line);
                }
            }
            catch (IOException)
            {
                // The agent was killed.
            }
        });
    }

    /// <summary>SIGSTOP: it sees nothing of what happens meanwhile but what the kernel keeps for it.</summary>
    public void Pause() => Libc.Kill(_process.Id, Libc.SIGSTOP);

    /// <summary>SIGCONT.</summary>
    public void Continue() => Libc.Kill(_process.Id, Libc.SIGCONT);

    public void Dispose()
    {
        _http.Dispose();
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    private async Task<JsonElement?> TryReadAsync()
    {
        try
        {
            using var document = JsonDocument.Parse(await _http.GetStringAsync(new Uri("/report.json", UriKind.Relative), TestContext.Current.CancellationToken));
            return document.RootElement.Clone();
        }
        catch (HttpRequestException)
        {
            return null;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private Socket Connect()
    {
        var socket = _network.Inside(static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        try
        {
            socket.Connect(IPAddress.Loopback, 9742);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw;
        }
    }
}
