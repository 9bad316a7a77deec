using System.Text;
using Microsoft.Net.Http.Headers;

namespace Agent.Http;

/// <summary>Writes whole answers: length known, no body for HEAD, nothing kept by caches.</summary>
internal static class HttpAnswer
{
    public const string PlainText = "text/plain; charset=utf-8";

    public static Task WriteAsync(HttpContext context, int status, string contentType, ReadOnlyMemory<byte> body)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        response.Headers[HeaderNames.CacheControl] = "no-store";
        response.Headers[HeaderNames.XContentTypeOptions] = "nosniff";
        return HttpMethods.IsHead(context.Request.Method)
            ? Task.CompletedTask
            : response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    /// <summary>One line of text.</summary>
    public static Task WriteLineAsync(HttpContext context, int status, string line) =>
        WriteAsync(context, status, PlainText, Encoding.UTF8.GetBytes(line + "\n"));
}
