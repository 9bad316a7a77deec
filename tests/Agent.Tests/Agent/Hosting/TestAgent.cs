using System.Collections.Concurrent;
using Agent.Configuration;
using Agent.Core.Diagnosis;
using Agent.Hosting;
using Agent.Loop;
using Agent.Sources;
using Agent.Tests.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Serilog.Core;
using Serilog.Events;

namespace Agent.Tests.Agent.Hosting;

/// <summary>The real agent, real Kestrel on a port of the kernel's choice, with a fake scanner and a clock that a test moves.</summary>
internal sealed class TestAgent : IAsyncDisposable
{
    private TestAgent(WebApplication app, ManualTimeProvider time, CollectedLog log, ConcurrentQueue<bool> memoryReturned, Uri address)
    {
        App = app;
        Time = time;
        Log = log;
        MemoryReturned = memoryReturned;
        Address = address;
        Client = new() { BaseAddress = address };
    }

    public WebApplication App { get; }

    public ManualTimeProvider Time { get; }

    public CollectedLog Log { get; }

    /// <summary>
    /// Each time that memory was to be returned, whether it was the first. None is: a collection of all tests' memory takes long.
    /// </summary>
    public ConcurrentQueue<bool> MemoryReturned { get; }

    public Uri Address { get; }

    public HttpClient Client { get; }

    public SnapshotStore Store => App.Services.GetRequiredService<SnapshotStore>();

    public static Task<TestAgent> StartAsync(INodeScanner scanner, params string[] settings) => StartAsync(_ => scanner, null, settings);

    /// <summary>Starts an agent.</summary>
    /// <param name="createScanner">Makes what reads the node.</param>
    /// <param name="file">Configuration file; null for none.</param>
    /// <param name="settings"><c>Section:Key=value</c>.</param>
    public static Task<TestAgent> StartAsync(Func<AgentOptions, INodeScanner> createScanner, string? file, params string[] settings) =>
        StartAsync(createScanner, file, null, settings);

    /// <summary>The same with scans that are not an even beat.</summary>
    public static async Task<TestAgent> StartAsync(
        Func<AgentOptions, INodeScanner> createScanner, string? file, Func<double>? jitter, params string[] settings)
    {
        var time = new ManualTimeProvider();
        var log = new CollectedLog();
        var returned = new ConcurrentQueue<bool>();
        var configuration = Configure(file, settings);
        var app = AgentHost.Build(new()
        {
            Configuration = configuration,
            CreateScanner = (options, _) => createScanner(options),
            Diagnose = static (_, alsoFound) => new DiagnosisResult(alsoFound, new(Verdict.Ok, "all is well")),
            Time = time,
            Jitter = jitter ?? (static () => 1),
            ProcessorTime = static () => TimeSpan.Zero,
            ReturnMemory = returned.Enqueue,
            LogSink = log,
        });
        try
        {
            await AgentHost.StartAsync(app, configuration.Options.Http, CancellationToken.None);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new(app, time, log, returned, new(address.Replace("[::]", "127.0.0.1", StringComparison.Ordinal)));
    }

    public static AgentConfiguration Configure(string? file, params string[] settings)
    {
        string[] listen = settings.Any(static setting => setting.StartsWith("Http:Listen", StringComparison.Ordinal)) ? [] : ["Http:Listen=http://127.0.0.1:0"];
        var configuration = AgentConfiguration.Load(new()
        {
            File = file,
            DefaultFile = "/nonexistent/closewatch.json",
            Arguments = [.. settings.Concat(listen).Select(static setting => "--" + setting)],
        });
        Xunit.Assert.Empty(configuration.Errors);
        return configuration;
    }

    /// <summary>Waits until the loop has published its scan number <paramref name="scans"/> and sleeps.</summary>
    public Task ScannedAsync(FakeScanner scanner, int scans) =>
        Eventually.True(() => scanner.Scans >= scans && Store.Current is not null && Time.Timers >= 2, $"scan {scans}");

    /// <summary>Has the files looked at now, not when their time comes.</summary>
    public void Reload() => App.Services.GetServices<IHostedService>().OfType<FileReloader>().Single().ReloadAll();

    /// <summary>The same of a file that has changed: until the loop, which takes that for a reason to think again, waits for its next scan.</summary>
    public Task ReloadChangeAsync()
    {
        var made = Time.TimersMade;
        Reload();
        return Eventually.True(() => Time.TimersMade > made, "the loop to wait by the new configuration");
    }

    public async Task<(int Status, string Body)> GetAsync(string path)
    {
        using var response = await Client.GetAsync(new Uri(path, UriKind.Relative));
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await App.StopAsync();
        await App.DisposeAsync();
    }
}

/// <summary>Keeps what was logged.</summary>
internal sealed class CollectedLog : ILogEventSink
{
    private readonly List<string> _lines = [];

    public void Emit(LogEvent logEvent)
    {
        lock (_lines)
        {
            _lines.Add($"{logEvent.Level}: {logEvent.RenderMessage(System.Globalization.CultureInfo.InvariantCulture)}");
        }
    }

    public string[] Containing(string text)
    {
        lock (_lines)
        {
            return [.. _lines.Where(line => line.Contains(text, StringComparison.Ordinal))];
        }
    }
}
