using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using Agent.Configuration;
using Agent.Core.Diagnosis;
using Agent.Core.Metrics;
using Agent.Core.Model;
using Agent.Core.Reporting;
using Agent.Core.Reporting.Html;

namespace Agent.Hosting;

/// <summary>The reports of one scan. The usual ones are made when they are first asked for, and once, however many ask.</summary>
internal sealed class ReportPages
{
    private readonly Snapshot _snapshot;
    private readonly Snapshot? _previous;
    private readonly DiagnosisResult _diagnosis;
    private readonly DiagnosisOptions _thresholds;
    private readonly ImmutableArray<SnapshotPoint> _points;
    private readonly ToolInfo _tool;
    private readonly Lazy<byte[]> _text;
    private readonly Lazy<byte[]> _json;
    private readonly Lazy<byte[]> _html;

    public ReportPages(Snapshot snapshot, SnapshotHistory earlier, DiagnosisResult diagnosis, AgentOptions options, BuildInfo build)
    {
        _snapshot = snapshot;
        _previous = earlier.Snapshots is [.., var previous] ? previous : null;
        _diagnosis = diagnosis;
        _thresholds = options.Diagnosis;
        _points = [.. earlier.Points, SnapshotPoint.From(snapshot)];
        _tool = new(build.Version, build.Commit);
        _text = new(() => Render(ReportForm.Text, ViewOf(new())));
        _json = new(() => Render(ReportForm.Json, ViewOf(new())));
        _html = new(() => Render(ReportForm.Html, ViewOf(new())));
    }

    /// <summary>The whole report.</summary>
    public byte[] Whole(ReportForm form) => form switch
    {
        ReportForm.Text => _text.Value,
        ReportForm.Json => _json.Value,
        ReportForm.Html => _html.Value,
        _ => Render(form, ViewOf(new())),
    };

    /// <summary>A part of it.</summary>
    public ReportView ViewOf(ReportOptions options) => ReportView.Create(new(_snapshot, _previous, _diagnosis, _thresholds, options, _tool));

    public byte[] Render(ReportForm form, ReportView view)
    {
        switch (form)
        {
            case ReportForm.Json:
                var json = new ArrayBufferWriter<byte>(64 * 1024);
                JsonReport.Write(view, json);
                return json.WrittenSpan.ToArray();
            case ReportForm.Html:
                return RenderHtml(view);
            case ReportForm.Markdown:
                return Encoding.UTF8.GetBytes(MarkdownReport.Render(ReportDocumentBuilder.Build(view)));
            default:
                return Encoding.UTF8.GetBytes(TextReport.Render(ReportDocumentBuilder.Build(view), new TextStyle()));
        }
    }

    private byte[] RenderHtml(ReportView view)
    {
        using var html = new MemoryStream();
        using (var writer = new StreamWriter(html, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true))
        {
            HtmlReport.Write(
                writer,
                view.Snapshot with { Pods = view.Pods, Connections = view.Connections },
                view.Diagnosis,
                new() { Version = _tool.Version, Commit = _tool.Commit, Diagnosis = _thresholds, History = _points });
        }

        return html.ToArray();
    }
}

/// <summary>In which form a report is served.</summary>
internal enum ReportForm
{
    Text,
    Json,
    Markdown,
    Html,
}
