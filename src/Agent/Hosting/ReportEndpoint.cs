using Agent.Core.Reporting.Html;
using Microsoft.Net.Http.Headers;

namespace Agent.Hosting;

/// <summary>
/// GET /report, /report.json and /: the newest scan for people and programs. With the options of <c>closewatch report</c>
/// as a query (<c>?namespace=shop&amp;top=5</c>) a part of it; <c>?output=markdown</c> in another form.
/// </summary>
internal static class ReportEndpoint
{
    public static Func<HttpContext, Published, Task> For(ReportForm form) => (context, published) => WriteAsync(context, published, form);

    private static Task WriteAsync(HttpContext context, Published published, ReportForm form)
    {
        if (context.Request.Query.Count == 0)
        {
            return WriteAsync(context, form, published.Reports.Whole(form));
        }

        if (ReportQuery.Parse(context.Request.Query, form, out var problem) is not { } query)
        {
            return HttpAnswer.WriteLineAsync(context, StatusCodes.Status400BadRequest, problem);
        }

        var view = published.Reports.ViewOf(query.Options);
        return query.Options.IsFiltered && view.Pods.IsEmpty
            ? HttpAnswer.WriteLineAsync(context, StatusCodes.Status404NotFound, $"there is no such pod on node {published.Snapshot.Node.Name}")
            : WriteAsync(context, query.Form, published.Reports.Render(query.Form, view));
    }

    private static Task WriteAsync(HttpContext context, ReportForm form, byte[] body)
    {
        if (form == ReportForm.Html)
        {
            var headers = context.Response.Headers;
            headers[HeaderNames.ContentSecurityPolicy] = HtmlReport.ContentSecurityPolicy + "; frame-ancestors 'none'";
            headers[HeaderNames.XFrameOptions] = "DENY";
            headers["Referrer-Policy"] = "no-referrer";
        }

        return HttpAnswer.WriteAsync(context, StatusCodes.Status200OK, ContentType(form), body);
    }

    private static string ContentType(ReportForm form) => form switch
    {
        ReportForm.Json => "application/json; charset=utf-8",
        ReportForm.Html => "text/html; charset=utf-8",
        ReportForm.Markdown => "text/markdown; charset=utf-8",
        _ => HttpAnswer.PlainText,
    };
}
