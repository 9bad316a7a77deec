using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using Agent.Core.Reporting;
using Agent.Core.Reporting.Html;

namespace Agent.Reporting;

/// <summary>Writes a report in any format. The command and the web server both use it, so that they say the same.</summary>
internal static class ReportRenderer
{
    /// <summary>The report in UTF-8, its last line ended.</summary>
    /// <param name="format">The format.</param>
    /// <param name="view">What to show.</param>
    /// <param name="style">How text is to look; ignored by the others.</param>
    /// <param name="history">Earlier scans for the page, oldest first; empty draws nothing.</param>
    /// <param name="refresh">How often the page loads itself again, see <see cref="HtmlReportOptions.Refresh"/>.</param>
    public static byte[] Render(
        ReportFormat format, ReportView view, TextStyle style, ImmutableArray<SnapshotPoint> history, TimeSpan? refresh = null)
    {
        switch (format)
        {
            case ReportFormat.Json:
                var json = new ArrayBufferWriter<byte>(64 * 1024);
                JsonReport.Write(view, json);
                json.Write("\n"u8);
                return json.WrittenSpan.ToArray();
            case ReportFormat.Html:
                return RenderHtml(view, history, refresh);
            case ReportFormat.Markdown:
                return Encoding.UTF8.GetBytes(MarkdownReport.Render(ReportDocumentBuilder.Build(view)));
            default:
                return Encoding.UTF8.GetBytes(TextReport.Render(ReportDocumentBuilder.Build(view), style));
        }
    }

    private static byte[] RenderHtml(ReportView view, ImmutableArray<SnapshotPoint> history, TimeSpan? refresh)
    {
        using var html = new MemoryStream();
        using (var writer = new StreamWriter(html, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true))
        {
            HtmlReport.Write(
                writer,
                view.Snapshot with { Pods = view.Pods, Connections = view.Connections },
                view.Diagnosis,
                new()
                {
                    Version = view.Input.Tool.Version,
                    Commit = view.Input.Tool.Commit,
                    Diagnosis = view.Input.Thresholds,
                    History = history,
                    Origin = view.Input.Origin,
                    Caller = view.Input.Options.Caller,
                    Refresh = refresh,
                    MaxPods = view.Input.Options.Top ?? HtmlReportOptions.DefaultMaxPods,
                    ConnectionsPerPod = view.Input.Options.Connections,
                });
        }

        return html.ToArray();
    }
}
