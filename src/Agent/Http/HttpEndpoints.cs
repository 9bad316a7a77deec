using System.Collections.Frozen;
using System.Net;
using Agent.Configuration;
using Agent.Loop;
using Agent.Reporting;
using Agent.Tracing;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Agent.Http;

/// <summary>Everything that the agent answers. GET and HEAD only.</summary>
internal sealed class HttpEndpoints(
    SnapshotStore store, LoopHealth health, OwnNames ownNames, BearerToken? token, ReportAccess reports, TraceEndpoint trace)
{
    private const string MetricsPath = "/metrics";

    private readonly FrozenDictionary<string, RequestDelegate> _open = new Dictionary<string, RequestDelegate>
    {
        ["/healthz"] = context => health.Problem is not { } problem
            ? HttpAnswer.WriteLineAsync(context, StatusCodes.Status200OK, "ok")
            : HttpAnswer.WriteLineAsync(context, StatusCodes.Status503ServiceUnavailable, problem),
        ["/readyz"] = context => store.Fresh(out var problem) is not null
            ? HttpAnswer.WriteLineAsync(context, StatusCodes.Status200OK, "ok")
            : HttpAnswer.WriteLineAsync(context, StatusCodes.Status503ServiceUnavailable, problem),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private readonly FrozenDictionary<string, Func<HttpContext, Published, Task>> _guarded =
        new Dictionary<string, Func<HttpContext, Published, Task>>
        {
            [MetricsPath] = MetricsEndpoint.WriteAsync,
            ["/report"] = ReportEndpoint.For(ReportFormat.Text),
            ["/report.json"] = ReportEndpoint.For(ReportFormat.Json),
            ["/"] = ReportEndpoint.For(ReportFormat.Html),
            [TraceQuery.Path] = trace.WriteAsync,
        }.ToFrozenDictionary(StringComparer.Ordinal);

    public Task HandleAsync(HttpContext context)
    {
        var connection = context.Features.GetRequiredFeature<ClientConnection>();
        return connection.AnswerAsync(() => AnswerAsync(context, connection));
    }

    private Task AnswerAsync(HttpContext context, ClientConnection connection)
    {
        if (!ownNames.Include(context))
        {
            return HttpAnswer.WriteLineAsync(
                context,
                StatusCodes.Status421MisdirectedRequest,
                "the Host header names another machine: ask by an address of this one, by its name or by localhost");
        }

        var path = context.Request.Path.Value ?? "";
        var isOpen = _open.TryGetValue(path, out var open);
        if (!isOpen && token is not null)
        {
            if (!token.Allows(context.Request.Headers.Authorization))
            {
                context.Response.Headers[HeaderNames.WWWAuthenticate] = "Bearer";
                return HttpAnswer.WriteLineAsync(
                    context, StatusCodes.Status401Unauthorized, "a bearer token is needed (Http:BearerTokenFile)");
            }

            connection.HasToken = true;
        }

        if (!isOpen && !_guarded.ContainsKey(path))
        {
            return HttpAnswer.WriteLineAsync(
                context,
                StatusCodes.Status404NotFound,
                $"there is no such page; there are {string.Join(" ", _guarded.Keys.Concat(_open.Keys).Order(StringComparer.Ordinal))}");
        }

        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.Headers[HeaderNames.Allow] = "GET, HEAD";
            return HttpAnswer.WriteLineAsync(context, StatusCodes.Status405MethodNotAllowed, "only GET and HEAD are answered");
        }

        if (isOpen)
        {
            return open!(context);
        }

        if (path != MetricsPath && reports == ReportAccess.Loopback && !IsOnLoopback(context.Connection))
        {
            return HttpAnswer.WriteLineAsync(
                context,
                StatusCodes.Status403Forbidden,
                "reports are served on the loopback address only (Http:Reports): "
                    + "use kubectl exec POD -- closewatch report, or kubectl port-forward POD 9742");
        }

        return store.Fresh(out var problem) is { } published
            ? _guarded[path](context, published)
            : HttpAnswer.WriteLineAsync(context, StatusCodes.Status503ServiceUnavailable, problem);
    }

    /// <summary>Both ends: with net.ipv4.conf.all.route_localnet, which kube-proxy sets, a neighbour can reach 127.0.0.1.</summary>
    private static bool IsOnLoopback(ConnectionInfo connection) =>
        ClientAddress.Plain(connection.LocalIpAddress) is { } local && IPAddress.IsLoopback(local)
        && ClientAddress.Plain(connection.RemoteIpAddress) is { } remote && IPAddress.IsLoopback(remote);
}
