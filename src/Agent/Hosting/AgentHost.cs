using System.Net.Sockets;
using System.Security.Cryptography;
using Agent.Configuration;
using Agent.Exporting;
using Agent.Http;
using Agent.Kubernetes;
using Agent.Loop;
using Agent.Remediation;
using Agent.Sources;
using Agent.Tracing;
using Microsoft.AspNetCore.Connections;
using Serilog.Core;
using Serilog.Extensions.Logging;

namespace Agent.Hosting;

/// <summary>Puts the long-running agent together: the loop, the web server and what reloads.</summary>
internal static partial class AgentHost
{
    /// <summary>SIGTERM ends the agent within two seconds, also in the middle of a scan or of an answer.</summary>
    private static readonly TimeSpan s_shutdown = TimeSpan.FromSeconds(1.5);

    /// <summary>Runs until SIGTERM, SIGINT or cancellation.</summary>
    /// <exception cref="AgentStartException">It cannot start with this configuration.</exception>
    public static async Task RunAsync(AgentHostSettings settings, CancellationToken cancellationToken)
    {
        var app = Build(settings, HeadStart.Begin(settings));

        // Not waited for: where it fails the first scan fails, too, and says so.
        _ = Task.Run(() => Rehearsal.Run(settings), CancellationToken.None);
        await using (app.ConfigureAwait(false))
        {
            var options = settings.Configuration.Options;
            await StartAsync(app, options.Http, cancellationToken).ConfigureAwait(false);
            var addresses = string.Join(' ', app.Urls);
            LogStarted(
                app.Logger, AgentBuild.Current.Version, AgentBuild.Current.Commit, addresses, options.Collection.Interval.TotalSeconds);
            app.Lifetime.ApplicationStopping.Register(static () => SystemdNotifier.Notify("STOPPING=1"));
            SystemdNotifier.Notify("READY=1");
            await app.WaitForShutdownAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Starts it; what the operating system refuses becomes one line.</summary>
    /// <exception cref="AgentStartException">The address cannot be listened on.</exception>
    public static async Task StartAsync(WebApplication app, HttpOptions http, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            var reason = e.InnerException is AddressInUseException
                || e is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }
                ? "the port is in use; stop what listens there (ss -ltnp shows it) or choose another"
                : $"cannot listen: {(e.InnerException ?? e).Message}; choose an address of this machine and a port from 1024 up";
            throw new AgentStartException($"Http:Listen = {http.Listen}: {reason}", e);
        }
    }

    /// <summary>Builds the agent without starting it.</summary>
    /// <param name="settings">What it is made of.</param>
    /// <param name="headStart">The first scan, where it has begun.</param>
    /// <exception cref="AgentStartException">It cannot start with this configuration.</exception>
    public static WebApplication Build(AgentHostSettings settings, HeadStart? headStart = null)
    {
        var http = settings.Configuration.Options.Http;
        var listen = ListenAddress.Parse(http.Listen, out var problem)
            ?? throw new AgentStartException($"Http:Listen = {http.Listen}: {problem}");
        var certificates = Load("Http:CertificateFile", http.CertificateFile, path => CertificateStore.Load(path, http.KeyFile));
        var token = Load("Http:BearerTokenFile", http.BearerTokenFile, BearerToken.Load);

        // Empty: what the other builders add (configuration files, log providers, static files) is mapped and never used.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        AddLogging(builder, settings);
        AddServices(builder.Services, settings, headStart, [.. new IReloadable?[] { certificates, token }.OfType<IReloadable>()]);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => KestrelSetup.Configure(
            kestrel,
            listen,
            alsoLoopback: http.Reports == ReportAccess.Loopback,
            certificates,
            kestrel.ApplicationServices.GetRequiredService<ConnectionGate>()));

        var app = builder.Build();
        var endpoints = new HttpEndpoints(
            app.Services.GetRequiredService<SnapshotStore>(),
            app.Services.GetRequiredService<LoopHealth>(),
            new OwnNames([Environment.MachineName, settings.Configuration.Options.Pods.NodeName], certificates, settings.Time),
            token,
            http.Reports,
            new TraceEndpoint(
                app.Services.GetRequiredService<TraceHub>(),
                app.Services.GetRequiredService<SnapshotStore>(),
                settings.Time,
                app.Lifetime.ApplicationStopping));
        app.Run(endpoints.HandleAsync);
        return app;
    }

    private static T? Load<T>(string key, string path, Func<string, T> load)
        where T : class
    {
        try
        {
            return path.Length == 0 ? null : load(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new AgentStartException($"{key} = {path}: {e.Message}", e);
        }
    }

    private static void AddLogging(WebApplicationBuilder builder, AgentHostSettings settings)
    {
        var level = new LoggingLevelSwitch();
        builder.Logging.SetMinimumLevel(LogLevel.Trace);
        builder.Services.AddSingleton<ILoggerProvider>(
            provider => new SerilogLoggerProvider(
                AgentLogging.Create(
                    settings.Configuration.Options.Logging, level, settings.LogSink, provider.GetRequiredService<LogLoss>(), settings.Time),
                dispose: true));
        builder.Services.AddSingleton<LogLoss>();
        builder.Services.AddSingleton(level);
    }

    private static void AddServices(
        IServiceCollection services, AgentHostSettings settings, HeadStart? headStart, IReloadable[] reloadables)
    {
        services.Configure<HostOptions>(static options =>
        {
            options.ShutdownTimeout = s_shutdown;
            options.ServicesStopConcurrently = true;
            options.BackgroundServiceExceptionBehavior = BackgroundServiceExceptionBehavior.StopHost;
        });
        services.Configure<ConsoleLifetimeOptions>(static options => options.SuppressStatusMessages = true);
        services.AddSingleton(settings.Time);
        services.AddSingleton(settings.Configuration);
        services.AddSingleton(new AgentOptionsStore(settings.Configuration.Options));
        if (settings.Kubernetes is { } kubernetes)
        {
            services.AddSingleton(kubernetes);
            services.AddSingleton<PodWatcher>();
            services.AddHostedService(static provider => provider.GetRequiredService<PodWatcher>());
            if (kubernetes.Location is { } location)
            {
                services.AddSingleton(_ => new ApiServerClient(location, settings.Time));
                services.AddSingleton(provider => new PodEvents(
                    provider.GetRequiredService<ApiServerClient>(),
                    kubernetes.NodeName,
                    settings.Time,
                    provider.GetRequiredService<ILogger<PodEvents>>()));
                services.AddHostedService<FindingEvents>();
                services.AddSingleton(provider => new ClusterPeers(
                    provider.GetRequiredService<ApiServerClient>(),
                    settings.Time,
                    kubernetes.Random,
                    provider.GetRequiredService<ILogger<ClusterPeers>>()));
                services.AddHostedService<PeerNaming>();
            }
        }

        services.AddSingleton<SnapshotStore>();
        services.AddSingleton(_ => headStart?.Traces ?? new());
        services.AddSingleton(provider => headStart?.Ends ?? new ConnectionEndWatch(
            settings.Configuration.Options.Collection, settings.Time, provider.GetRequiredService<TraceHub>()));
        services.AddHostedService<TraceProbe>();
        services.AddSingleton<LoopHealth>();
        services.AddSingleton<StatusLog>();
        services.AddSingleton<ConnectionGate>();
        services.AddSingleton(
            provider => new Remediator(
                "closewatch run", KubeProxyProbe.DefaultEndpoint, settings.Time, provider.GetRequiredService<ILogger<Remediator>>()));
        services.AddSingleton<IMetricsRenderer, ExpositionRenderer>();

        services.AddHostedService(provider => CreateLoop(provider, settings, headStart));
        services.AddSingleton<IReloadable, ConfigurationReload>();
        foreach (var reloadable in reloadables)
        {
            services.AddSingleton(reloadable);
        }

        services.AddHostedService<FileReloader>();
    }

    /// <summary>Makes the loop with its pipeline, of which the loop disposes on the thread that it scans on.</summary>
    private static CollectorLoop CreateLoop(IServiceProvider services, AgentHostSettings settings, HeadStart? headStart)
    {
        var createScanner = headStart is null ? settings.CreateScanner : headStart.CreateScanner;
        var store = services.GetRequiredService<SnapshotStore>();
        var pods = services.GetService<PodWatcher>();
        var peers = services.GetService<ClusterPeers>();
        var ends = services.GetRequiredService<ConnectionEndWatch>();
        var pipeline = new SnapshotPipeline(
            options => peers is not null && options.Pods.PeerNames == PeerNameScope.Cluster
                ? new NamedPeersScanner(createScanner(options, pods), () => peers.Names)
                : createScanner(options, pods),
            ends,
            services.GetRequiredService<Remediator>(),
            settings.Diagnose,
            services.GetRequiredService<IMetricsRenderer>(),
            store,
            services.GetRequiredService<StatusLog>(),
            services.GetRequiredService<LogLoss>(),
            AgentBuild.Current,
            new(settings.Time, () => settings.ProcessorTime() + ends.KernelTime),
            new(settings.Time, settings.ReturnMemory),
            settings.Time);
        return ActivatorUtilities.CreateInstance<CollectorLoop>(services, pipeline, settings.Jitter);
    }

    [LoggerMessage(
        EventId = 30, Level = LogLevel.Information,
        Message = "Closewatch {Version} ({Commit}) listens on {Addresses} and scans every {Seconds} s")]
    private static partial void LogStarted(ILogger logger, string version, string commit, string addresses, double seconds);
}

/// <summary>The agent cannot start with this configuration. The message is one line: the thing, the reason, the remedy.</summary>
internal sealed class AgentStartException(string message, Exception? inner = null) : Exception(message, inner);
