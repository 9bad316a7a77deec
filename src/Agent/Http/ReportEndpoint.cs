using Agent.Core.Reporting.Html;
using Agent.Loop;
using Agent.Reporting;
using Microsoft.Net.Http.Headers;

namespace Agent.Http;

/// <summary>
/// GET /report, /report.json and /: the newest scan for people and programs. With the options of <c>closewatch report</c>
/// as a query (<c>?namespace=shop&amp;top=5</c>) a part of it; <c>?output=markdown</c> in another form.
/// </summary>
internal static class ReportEndpoint
{
    public static Func<HttpContext, Published, Task> For(ReportFormat format) =>
        (context, published) => WriteAsync(context, published, format);

    private static Task WriteAsync(HttpContext context, Published published, ReportFormat format)
    {
        var reports = published.Reports;
        if (context.Request.Query.Count == 0)
        {
            return WriteAsync(context, format, reports.Whole(format));
        }

        if (ReportQuery.Parse(context.Request.Query, format, out var problem) is not { } query)
        {
            return HttpAnswer.WriteLineAsync(context, StatusCodes.Status400BadRequest, problem);
        }

        var view = reports.ViewOf(query.Options);
        if (query.Options.IsFiltered && view.Pods.IsEmpty)
        {
            return HttpAnswer.WriteLineAsync(
                context, StatusCodes.Status404NotFound, $"there is no such pod on node {published.Snapshot.Node.Name}");
        }

        reports.Sign(view).Write(context.Response.Headers);
        return WriteAsync(context, query.Format, reports.Render(query, view));
    }

    private static Task WriteAsync(HttpContext context, ReportFormat format, byte[] body)
    {
        if (format == ReportFormat.Html)
        {
            var headers = context.Response.Headers;
            headers[HeaderNames.ContentSecurityPolicy] = HtmlReport.ContentSecurityPolicy + "; frame-ancestors 'none'";
            headers[HeaderNames.XFrameOptions] = "DENY";
            headers["Referrer-Policy"] = "no-referrer";
        }

        return HttpAnswer.WriteAsync(context, StatusCodes.Status200OK, ContentType(format), body);
    }

    private static string ContentType(ReportFormat format) => format switch
    {
        ReportFormat.Json => "application/json; charset=utf-8",
        ReportFormat.Html => "text/html; charset=utf-8",
        ReportFormat.Markdown => "text/markdown; charset=utf-8",
        _ => HttpAnswer.PlainText,
    };
}
