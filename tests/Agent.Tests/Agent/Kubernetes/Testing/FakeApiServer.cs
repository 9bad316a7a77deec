using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Agent.Tests.Kubernetes.Testing;

/// <summary>
/// An API server that plays a script: one step answers one request. Without a step left, a request is answered by
/// <see cref="Otherwise"/>, or hangs.
/// </summary>
internal sealed class FakeApiServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Func<HttpContext, Task>> _script = [];
    private readonly Channel<FakeRequest> _requests = Channel.CreateUnbounded<FakeRequest>();
    private readonly CancellationTokenSource _ends = new();

    private FakeApiServer(X509Certificate2? certificate, Func<Socket>? bind)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddLogging(static logging => logging.ClearProviders());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (certificate is not null)
            {
                listen.UseHttps(certificate);
            }
        }));
        builder.WebHost.UseKestrelHttpsConfiguration();
        if (bind is not null)
        {
            builder.WebHost.UseSockets(options => options.CreateBoundListenSocket = _ => bind());
        }

        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    public Uri Address { get; private set; } = new("http://unstarted");

    /// <summary>Answers what no step is left for.</summary>
    public Func<HttpContext, Task>? Otherwise { get; set; }

    /// <param name="certificate">For HTTPS; HTTP without it.</param>
    /// <param name="bind">Makes the socket that it listens on; by default one on loopback.</param>
    public static async Task<FakeApiServer> StartAsync(X509Certificate2? certificate = null, Func<Socket>? bind = null)
    {
        var server = new FakeApiServer(certificate, bind);
        await server._app.StartAsync();
        server.Address = new Uri(server._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        return server;
    }

    /// <summary>The next request is answered so.</summary>
    public FakeApiServer Then(Func<HttpContext, Task> step)
    {
        _script.Enqueue(step);
        return this;
    }

    public FakeApiServer Then(int status, string body, Action<HttpResponse>? header = null) => Then(context =>
    {
        context.Response.StatusCode = status;
        header?.Invoke(context.Response);
        return context.Response.WriteAsync(body);
    });

    public FakeApiServer ThenList(string body) => Then(200, body);

    /// <summary>A watch that sends these pieces, each flushed by itself, and stays open.</summary>
    public FakeApiServer ThenWatch(params string[] pieces) => Then(async context =>
    {
        await WriteAsync(context, pieces);
        await Task.Delay(Timeout.Infinite, Until(context));
    });

    /// <summary>A watch that ends in good order.</summary>
    public FakeApiServer ThenWatchThatEnds(params string[] pieces) => Then(context => WriteAsync(context, pieces));

    /// <summary>A watch whose connection is reset, which may cost the client what it has not read yet: only once the task is done.</summary>
    public FakeApiServer ThenWatchThatBreaks(Task once, params string[] pieces) => Then(async context =>
    {
        await WriteAsync(context, pieces);
        await once;
        context.Abort();
    });

    /// <summary>The next request that came, in order.</summary>
    public async Task<FakeRequest> NextRequestAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await _requests.Reader.ReadAsync(limit.Token);
    }

    public CancellationToken Until(HttpContext context) =>
        CancellationTokenSource.CreateLinkedTokenSource(_ends.Token, context.RequestAborted).Token;

    public async ValueTask DisposeAsync()
    {
        await _ends.CancelAsync();
        await _app.DisposeAsync();
        _ends.Dispose();
    }

    private static async Task WriteAsync(HttpContext context, string[] pieces)
    {
        await context.Response.Body.FlushAsync(context.RequestAborted);
        foreach (var piece in pieces)
        {
            await context.Response.WriteAsync(piece, context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        var step = _script.TryDequeue(out var scripted) ? scripted : Otherwise ?? (hanging => Task.Delay(Timeout.Infinite, Until(hanging)));
        _requests.Writer.TryWrite(new FakeRequest(
            request.Path.Value ?? "", request.Query.ToDictionary(pair => pair.Key, pair => pair.Value.ToString()), request.Headers.Authorization.ToString(), request.Headers.UserAgent.ToString()));
        try
        {
            await step(context);
        }
        catch (OperationCanceledException)
        {
            // The client, or the test, is done.
        }
    }
}

/// <summary>What a client asked for.</summary>
internal sealed record FakeRequest(string Path, IReadOnlyDictionary<string, string> Query, string Authorization, string UserAgent)
{
    public bool IsWatch => Query.ContainsKey("watch");

    public string Version => Query["resourceVersion"];
}
