using Agent.Exporting;
using Agent.Loop;
using Microsoft.Net.Http.Headers;

namespace Agent.Http;

/// <summary>GET /metrics: bytes that were rendered when the scan ended, in the form that the scraper likes best.</summary>
internal static class MetricsEndpoint
{
    private const string TextType = "text/plain; version=0.0.4; charset=utf-8";
    private const string OpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    public static Task WriteAsync(HttpContext context, Published published)
    {
        var format = FormatFor(context.Request.Headers.Accept.ToString());
        var body = published.Metrics[format];
        var gzip = TakesGzip(context.Request.Headers.AcceptEncoding.ToString());
        context.Response.Headers[HeaderNames.Vary] = "Accept, Accept-Encoding";
        if (gzip)
        {
            context.Response.Headers[HeaderNames.ContentEncoding] = "gzip";
        }

        return HttpAnswer.WriteAsync(
            context,
            StatusCodes.Status200OK,
            format == MetricsFormat.OpenMetrics ? OpenMetricsType : TextType,
            gzip ? body.Gzip : body.Identity);
    }

    /// <summary>OpenMetrics where it is named and liked no less than text.</summary>
    internal static MetricsFormat FormatFor(string accept)
    {
        double openMetrics = 0, text = 0;
        if (MediaTypeHeaderValue.TryParseList([accept], out var types))
        {
            foreach (var type in types)
            {
                if (type.MediaType.Equals("application/openmetrics-text", StringComparison.OrdinalIgnoreCase) && IsVersion1(type))
                {
                    openMetrics = Math.Max(openMetrics, type.Quality ?? 1);
                }
                else if (type.MediaType.Equals("text/plain", StringComparison.OrdinalIgnoreCase))
                {
                    text = Math.Max(text, type.Quality ?? 1);
                }
            }
        }

        return openMetrics > 0 && openMetrics >= text ? MetricsFormat.OpenMetrics : MetricsFormat.Text;
    }

    internal static bool TakesGzip(string acceptEncoding) =>
        StringWithQualityHeaderValue.TryParseList([acceptEncoding], out var encodings)
        && encodings.Any(static encoding => encoding.Value.Equals("gzip", StringComparison.OrdinalIgnoreCase) && encoding.Quality is not 0);

    /// <summary>Version 0.0.1 was the draft of 1.0.0; scrapers that ask for it read both.</summary>
    private static bool IsVersion1(MediaTypeHeaderValue type) =>
        type.Parameters.FirstOrDefault(
            static parameter => parameter.Name.Equals("version", StringComparison.OrdinalIgnoreCase))?.Value.Value
            is null or "1.0.0" or "0.0.1";
}
