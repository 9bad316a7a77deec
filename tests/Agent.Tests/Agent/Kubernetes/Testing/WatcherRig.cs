using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using Agent.Kubernetes;
using Microsoft.Extensions.Logging;

namespace Agent.Tests.Kubernetes.Testing;

/// <summary>A watcher against a scripted API server, on a clock that stands still; waits between attempts are recorded, not waited.</summary>
internal sealed class WatcherRig : IAsyncDisposable
{
    public const string Token = "a.secret-token_1";

    private readonly string _directory = Directory.CreateTempSubdirectory("closewatch-kube-").FullName;
    private FakeApiServer? _server;
    private PodWatcher? _watcher;

    private WatcherRig()
    {
    }

    public FakeApiServer Server => _server ?? throw new InvalidOperationException("it is made by CreateAsync");

    public ManualTime Time { get; } = new();

    public ConcurrentQueue<TimeSpan> Delays { get; } = [];

    /// <summary>Whether the clock moves by each of the waits.</summary>
    public bool DelayPasses { get; set; }

    public ConcurrentQueue<string> Log { get; } = [];

    /// <summary>Writes to <see cref="Log"/>.</summary>
    public ILogger Logger => new ListLogger(Log);

    public string TokenFile => Path.Combine(_directory, "token");

    public string CertificateAuthorityFile => Path.Combine(_directory, "ca.crt");

    public KubernetesView View => Watcher.Current;

    public PodWatcher Watcher => _watcher ?? throw new InvalidOperationException("call StartAsync first");

    public static async Task<WatcherRig> CreateAsync(X509Certificate2? certificate = null)
    {
        var rig = new WatcherRig();
        rig._server = await FakeApiServer.StartAsync(certificate);
        await File.WriteAllTextAsync(rig.TokenFile, Token + "\n");
        return rig;
    }

    public async Task StartAsync(Uri? address = null, TimeSpan patience = default, TimeSpan spread = default, int seed = 7)
    {
        var location = new ApiServerLocation(address ?? Server.Address, TokenFile, CertificateAuthorityFile);
        var settings = new PodWatcherSettings("worker-1", location, "")
        {
            Random = new Random(seed),
            StartPatience = patience,
            StartSpread = spread,
            Delay = async (delay, _, cancellationToken) =>
            {
                Delays.Enqueue(delay);
                if (DelayPasses)
                {
                    Time.Advance(delay);
                }

                await Task.Yield();
                cancellationToken.ThrowIfCancellationRequested();
            },
        };
        _watcher = new PodWatcher(settings, Time, new ListLogger(Log));
        await _watcher.StartAsync(CancellationToken.None);
    }

    /// <summary>Waits until the view is as wanted.</summary>
    public async Task<KubernetesView> UntilAsync(Func<KubernetesView, bool> isWanted)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var view = View;
            if (isWanted(view))
            {
                return view;
            }

            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"the view stayed {view.Status} \"{view.Detail}\" with {view.Pods.Length} pods; log:\n{string.Join("\n", Log.Take(12))}");
            }

            await Task.Delay(2, CancellationToken.None);
        }
    }

    public Task<KubernetesView> UntilPodsAsync(params string[] names) =>
        UntilAsync(view => view.Pods.Select(pod => pod.Name).SequenceEqual(names));

    public async ValueTask DisposeAsync()
    {
        if (_watcher is not null)
        {
            await _watcher.StopAsync(CancellationToken.None);
            _watcher.Dispose();
        }

        await Server.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private sealed class ListLogger(ConcurrentQueue<string> lines) : ILogger<PodWatcher>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue($"{logLevel}: {formatter(state, exception)} {exception}");
    }
}
