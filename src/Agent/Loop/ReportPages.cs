using System.Collections.Immutable;
using Agent.Configuration;
using Agent.Core.Diagnosis;
using Agent.Core.Model;
using Agent.Core.Reporting;
using Agent.Core.Reporting.Html;
using Agent.Reporting;

namespace Agent.Loop;

/// <summary>The reports of one scan. The usual ones are made when they are first asked for, and once, however many ask.</summary>
internal sealed class ReportPages
{
    private readonly Snapshot _snapshot;
    private readonly Snapshot? _previous;
    private readonly DiagnosisResult _diagnosis;
    private readonly AgentOptions _options;
    private readonly ImmutableArray<SnapshotPoint> _points;
    private readonly BuildInfo _build;
    private readonly TimeProvider _time;
    private readonly long _madeAt;
    private readonly Lazy<byte[]> _text;
    private readonly Lazy<byte[]> _json;
    private readonly Lazy<byte[]> _html;

    public ReportPages(
        Snapshot snapshot, SnapshotHistory earlier, DiagnosisResult diagnosis, AgentOptions options, BuildInfo build, TimeProvider time)
    {
        _snapshot = snapshot;
        _previous = earlier.Snapshots is [.., var previous] ? previous : null;
        _diagnosis = diagnosis;
        _options = options;
        _points = [.. earlier.Points, SnapshotPoint.From(snapshot)];
        _build = build;
        _time = time;
        _madeAt = time.GetTimestamp();
        _text = new(() => RenderWhole(ReportFormat.Text));
        _json = new(() => RenderWhole(ReportFormat.Json));
        _html = new(() => RenderWhole(ReportFormat.Html));
    }

    /// <summary>The whole report. It is kept, so it does not say how old it is.</summary>
    public byte[] Whole(ReportFormat format) => format switch
    {
        ReportFormat.Text => _text.Value,
        ReportFormat.Json => _json.Value,
        ReportFormat.Html => _html.Value,
        _ => RenderWhole(format),
    };

    /// <summary>A part of it, as old as it is now.</summary>
    public ReportView ViewOf(ReportOptions options) => ViewOf(options, _time.GetElapsedTime(_madeAt) + _snapshot.ScanDuration);

    public byte[] Render(ReportQuery query, ReportView view) => ReportRenderer.Render(query.Format, view, query.Style, _points);

    /// <summary>For whom wants to know whose report this is.</summary>
    public AgentSignature Sign(ReportView view) => new(
        JsonReport.Schema,
        _snapshot.Node.BootId,
        AgentSignature.SettingsOf(_options),
        Readability.Check(_snapshot, Readability.IsRootOfNode) is { Unreadable: false, Denied: false },
        Verdicts.Name(view.Diagnosis.Verdict));

    private byte[] RenderWhole(ReportFormat format) =>
        ReportRenderer.Render(format, ViewOf(new(), null), new(), _points, _options.Collection.Interval);

    private ReportView ViewOf(ReportOptions options, TimeSpan? age) =>
        ReportView.Create(new(_snapshot, _previous, _diagnosis, _options.Diagnosis, options, _build) { Origin = ReportOrigin.Agent(age) });
}
