using System.Text.Json;
using Agent.EndToEndTests.Kernel;
using Agent.EndToEndTests.Node;

namespace Agent.EndToEndTests.Reports;

/// <summary>What <c>closewatch report -o json</c> said.</summary>
public sealed class NodeReport(string json)
{
    private readonly JsonElement _root = JsonDocument.Parse(json).RootElement;

    public JsonElement Root => _root;

    public IEnumerable<JsonElement> Pods => _root.GetProperty("pods").EnumerateArray();

    public IEnumerable<JsonElement> Connections => _root.GetProperty("connections").EnumerateArray();

    public IEnumerable<string> FindingIds => _root.GetProperty("findings").EnumerateArray().Select(finding => finding.GetProperty("id").GetString()!);

    public IEnumerable<ReportedFinding> Findings => _root.GetProperty("findings").EnumerateArray().Select(ReportedFinding.From);

    /// <summary>What there is to repair: ids with the names of whom they are about, above info and without what only follows from another.</summary>
    public IEnumerable<string> Causes => Findings.Where(finding => finding.Severity != "info" && finding.CausedBy is null).Select(finding => $"{finding.Id} {finding.Name}");

    /// <summary>All findings above info, as <c>warning close-wait-leak shop/leaky</c>, with <c> from CAUSE</c> where it follows from another; sorted.</summary>
    public IReadOnlyList<string> AboveInfo =>
    [
        .. Findings.Where(finding => finding.Severity != "info")
            .Select(finding => $"{finding.Severity} {finding.Id} {(finding.Namespace.Length > 0 ? finding.Namespace + "/" : "")}{finding.Name}{(finding.CausedBy is null ? "" : " from " + finding.CausedBy)}")
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The one finding of this id about this node or pod.</summary>
    public ReportedFinding Finding(string id, string name) => Findings.Single(finding => finding.Id == id && finding.Name == name);

    /// <summary>When the scan was.</summary>
    public DateTimeOffset TakenAt => _root.GetProperty("node").GetProperty("takenAt").GetDateTimeOffset();

    /// <summary>The one entry of <c>pods[]</c> for this pod.</summary>
    public JsonElement Pod(Pod pod) => Pods.Single(entry => entry.GetProperty("namespace").GetString() == pod.Namespace && entry.GetProperty("name").GetString() == pod.Name);

    public JsonElement HalfClosed(Pod pod) => Pod(pod).GetProperty("halfClosed");

    /// <summary>The half-closed connections of a pod.</summary>
    public IReadOnlyList<ReportedConnection> ConnectionsOf(Pod pod) =>
        [.. Connections.Where(entry => entry.GetProperty("namespace").GetString() == pod.Namespace && entry.GetProperty("pod").GetString() == pod.Name).Select(ReportedConnection.From)];

    public JsonElement Source(string name) => _root.GetProperty("sources").EnumerateArray().Single(source => source.GetProperty("name").GetString() == name);
}

/// <summary>An entry of <c>connections[]</c>.</summary>
/// <param name="Socket">State and both ends.</param>
/// <param name="ClosedBy">pod, peer or unknown.</param>
/// <param name="Table">The conntrack table that has its entry, or null.</param>
public sealed record ReportedConnection(SocketLine Socket, string? ClosedBy, string? Table)
{
    public static ReportedConnection From(JsonElement entry) => new(
        new SocketLine(
            entry.GetProperty("socketState").GetString()!,
            SocketLine.EndPoint(entry.GetProperty("local").GetString()!),
            SocketLine.EndPoint(entry.GetProperty("remote").GetString()!)),
        entry.GetProperty("closedBy").GetString(),
        entry.TryGetProperty("conntrack", out var conntrack) ? conntrack.GetProperty("table").GetString() : null);
}
