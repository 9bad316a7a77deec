using Agent.Core.Diagnosis;
using Agent.Core.Model;

namespace Agent.Core.Reporting.Html;

/// <summary>
/// The report as one HTML file that needs nothing else: no script to be read, no request to anywhere. What a pod, a process
/// or the kernel calls itself is text, never markup.
/// </summary>
public static class HtmlReport
{
    /// <summary>
    /// The Content-Security-Policy that the page carries itself (and that a server should send too): only its own style
    /// sheet and script, named by their hashes, are allowed, and no request.
    /// </summary>
    public static string ContentSecurityPolicy { get; } =
        $"default-src 'none'; style-src {HtmlAsset.Style.PolicySource}; script-src {HtmlAsset.Script.PolicySource}; img-src data:; "
        + "base-uri 'none'; form-action 'none'";

    /// <summary>Writes the whole page.</summary>
    /// <param name="output">UTF-8; not closed.</param>
    /// <param name="snapshot">What was seen.</param>
    /// <param name="diagnosis">What it means.</param>
    /// <param name="options">Versions, thresholds, limits and earlier scans.</param>
    public static void Write(TextWriter output, Snapshot snapshot, DiagnosisResult diagnosis, HtmlReportOptions options)
    {
        var html = new HtmlWriter(output);
        var view = ViewOf(snapshot, diagnosis, options);
        WriteHead(html, snapshot, diagnosis, options);
        html.Markup($"""<body><a class="skip" href="#findings">Skip to the findings</a>""");
        WriteLinks(html, options);
        VerdictSection.Write(html, view, options);
        html.Markup($"<main>");
        StartSection.Write(html, view);
        FindingsSection.Write(html, diagnosis, snapshot.TakenAt);
        HistorySection.Write(html, options);
        PodsSection.Write(html, snapshot, options);
        ConnectionsSection.Write(html, snapshot, options);
        ListenersSection.Write(html, snapshot, options);
        ConntrackSection.Write(html, snapshot, options);
        TimeoutsSection.Write(html, snapshot, options);
        SourcesSection.Write(html, snapshot);
        html.Markup($"</main>");
        WriteFooter(html, snapshot, options);
        html.Markup($"<script>");
        html.Asset(HtmlAsset.Script);
        html.Markup($"</script></body></html>");
    }

    private static ReportView ViewOf(Snapshot snapshot, DiagnosisResult diagnosis, HtmlReportOptions options)
    {
        var build = new BuildInfo(options.Version, options.Commit, "");
        var asked = new ReportOptions { Caller = options.Caller };
        return ReportView.Create(new(snapshot, null, diagnosis, options.Diagnosis, asked, build) { Origin = options.Origin });
    }

    /// <summary>The other forms, and a switch that the page's script adds; without a script the page is loaded again as well.</summary>
    private static void WriteLinks(HtmlWriter html, HtmlReportOptions options)
    {
        if (options.Refresh is { } refresh)
        {
            html.Markup($"""<nav id="links" aria-label="Other forms" data-refresh="{refresh.TotalSeconds:0}">""");
            html.Markup($"""<a href="/report">text</a> <a href="/report?details=true">details</a> """);
            html.Markup($"""<a href="/report?output=markdown">Markdown</a> <a href="/report.json">JSON</a> """);
            html.Markup($"""<a href="/metrics">metrics</a></nav>""");
        }
    }

    private static void WriteHead(HtmlWriter html, Snapshot snapshot, DiagnosisResult diagnosis, HtmlReportOptions options)
    {
        html.Markup($"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="{ContentSecurityPolicy}">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="referrer" content="no-referrer">
            <title>{Verdicts.Name(diagnosis.Headline.Verdict)}: {snapshot.Node.Name} · Closewatch</title>
            <link rel="icon" href="data:,">
            <style>
            """);
        html.Asset(HtmlAsset.Style);
        html.Markup($"</style>");
        if (options.Refresh is { } refresh)
        {
            html.Markup($"""<noscript><meta http-equiv="refresh" content="{refresh.TotalSeconds:0}"></noscript>""");
        }

        html.Markup($"</head>");
    }

    private static void WriteFooter(HtmlWriter html, Snapshot snapshot, HtmlReportOptions options)
    {
        var commit = options.Commit.Length == 0 ? "" : $" ({options.Commit})";
        var origin = options.Origin is null ? "" : " " + options.Origin.Sentence;
        html.Markup($"""
            <footer>
            <p>Closewatch {options.Version}{commit} · scanned in {HtmlFormat.Duration(snapshot.ScanDuration)}{origin} · the same as data: 
            <code>closewatch report -o json</code></p></footer>
            """);
    }
}
