using System.Collections.Frozen;
using Agent.Loop;
using Agent.Reporting;
using Microsoft.Net.Http.Headers;

namespace Agent.Http;

/// <summary>Everything that the agent answers. GET and HEAD only.</summary>
internal sealed class HttpEndpoints(SnapshotStore store, LoopHealth health, BearerToken? token)
{
    private readonly FrozenDictionary<string, RequestDelegate> _open = new Dictionary<string, RequestDelegate>
    {
        ["/healthz"] = context => health.IsAlive
            ? HttpAnswer.WriteLineAsync(context, StatusCodes.Status200OK, "ok")
            : HttpAnswer.WriteLineAsync(
                context,
                StatusCodes.Status503ServiceUnavailable,
                $"the collector loop has been silent for {health.SinceLastBeat.TotalSeconds:F0} s: a scan hangs"),
        ["/readyz"] = context => store.Fresh(out var problem) is not null
            ? HttpAnswer.WriteLineAsync(context, StatusCodes.Status200OK, "ok")
            : HttpAnswer.WriteLineAsync(context, StatusCodes.Status503ServiceUnavailable, problem),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private readonly FrozenDictionary<string, Func<HttpContext, Published, Task>> _guarded =
        new Dictionary<string, Func<HttpContext, Published, Task>>
        {
            ["/metrics"] = MetricsEndpoint.WriteAsync,
            ["/report"] = ReportEndpoint.For(ReportFormat.Text),
            ["/report.json"] = ReportEndpoint.For(ReportFormat.Json),
            ["/"] = ReportEndpoint.For(ReportFormat.Html),
        }.ToFrozenDictionary(StringComparer.Ordinal);

    public Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        var isOpen = _open.TryGetValue(path, out var open);
        if (!isOpen && token is not null && !token.Allows(context.Request.Headers.Authorization))
        {
            context.Response.Headers[HeaderNames.WWWAuthenticate] = "Bearer";
            return HttpAnswer.WriteLineAsync(context, StatusCodes.Status401Unauthorized, "a bearer token is needed (Http:BearerTokenFile)");
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

        return store.Fresh(out var problem) is { } published
            ? _guarded[path](context, published)
            : HttpAnswer.WriteLineAsync(context, StatusCodes.Status503ServiceUnavailable, problem);
    }
}
