using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Agent.Core.Diagnosis;
using Agent.Core.Model;

namespace Agent.Core.Reporting;

/// <summary>
/// The report for programs: <c>closewatch.report/v1</c>. Absent means unknown; durations are seconds; times are RFC 3339 in UTC.
/// </summary>
public static partial class JsonReport
{
    /// <summary>The value of <c>schema</c>.</summary>
    public const string Schema = "closewatch.report/v1";

    /// <summary>Writes the report as one indented object in UTF-8.</summary>
    public static void Write(ReportView view, IBufferWriter<byte> output)
    {
        // Control characters are escaped whatever the encoder; the relaxed one leaves arrows and quotes readable.
        using var json = new Utf8JsonWriter(
            output, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteString("schema", Schema);
        json.WriteString("verdict", Verdicts.Name(view.Diagnosis.Verdict));
        json.WriteString("headline", view.Diagnosis.Headline.ToString());
        WriteSummary(json, view);
        WriteTool(json, view.Input.Tool);
        WriteNode(json, view.Snapshot);
        WriteScan(json, view);
        WriteSources(json, view.Snapshot);
        WriteConntrack(json, view);
        WriteTimeouts(json, view);
        WritePods(json, view);
        WriteConnectionEnds(json, view.Snapshot);
        WriteUnattributed(json, view.Snapshot);
        WriteConnections(json, view);
        WriteHalfClosedFlows(json, view);
        WriteFindings(json, view);
        WriteOver(json, view);
        json.WriteEndObject();
    }

    private static void WriteTool(Utf8JsonWriter json, BuildInfo tool)
    {
        json.WriteStartObject("tool");
        json.WriteString("version", tool.Version);
        json.WriteStringIfKnown("commit", tool.Commit);
        json.WriteEndObject();
    }

    private static void WriteNode(Utf8JsonWriter json, Snapshot snapshot)
    {
        json.WriteStartObject("node");
        json.WriteString("name", snapshot.Node.Name);
        json.WriteStringIfKnown("kernel", snapshot.Node.Kernel);
        json.WriteStringIfKnown("bootId", snapshot.Node.BootId);
        json.WriteString("takenAt", Time(snapshot.TakenAt));
        json.WriteBoolean("capturedTree", snapshot.Node.CapturedTree);
        json.WriteEndObject();
    }

    private static void WriteScan(Utf8JsonWriter json, ReportView view)
    {
        json.WriteStartObject("scan");
        json.WriteSeconds("durationSeconds", view.Snapshot.ScanDuration);
        json.WriteSeconds("conntrackAgeSeconds", view.Snapshot.ConntrackAge);
        json.WriteSeconds("windowSeconds", view.Window);
        json.WriteStringIfKnown("source", view.Input.Origin?.Name);
        json.WriteStringIfKnown("sourceNote", view.Input.Origin?.Note);
        json.WriteSeconds("ageSeconds", view.Input.Origin?.Age);
        json.WriteEndObject();
    }

    private static void WriteSources(Utf8JsonWriter json, Snapshot snapshot)
    {
        json.WriteStartArray("sources");
        foreach (var source in snapshot.Sources)
        {
            json.WriteStartObject();
            json.WriteString("name", source.Name);
            json.WriteString("backend", source.Backend);
            json.WriteString("status", source.Status.ToString().ToLowerInvariant());
            json.WriteString("detail", source.Detail);
            json.WriteSeconds("durationSeconds", source.Duration);
            json.WriteNumber("records", source.Records);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteConntrack(Utf8JsonWriter json, ReportView view)
    {
        if (view.Snapshot.Conntrack is not { } conntrack)
        {
            return;
        }

        json.WriteStartObject("conntrack");
        json.WriteNumberIfKnown("entries", conntrack.Entries);
        json.WriteNumberIfKnown("limit", conntrack.Limit);
        json.WriteNumberIfKnown("buckets", conntrack.Buckets);
        if (conntrack.IsBeingRead)
        {
            json.WriteBoolean("beingRead", true);
        }

        if (conntrack.Flows is { } flows)
        {
            json.WriteNumber("flows", flows.Total);
            WriteCounts("byProtocol", flows.ByProtocol.Select(static flow => (flow.Protocol, flow.Count)));
            WriteCounts("byTcpState", flows.ByTcpState.Select(static flow => (CamelCase(flow.State), flow.Count)));
            WriteTableUse(json, view, conntrack, flows);
        }

        if (conntrack.Statistics is { } statistics)
        {
            json.WriteStartObject("statistics");
            foreach (var counter in ConntrackCounters.All)
            {
                json.WriteNumberIfKnown(counter.JsonName, counter.Read(statistics));
            }

            json.WriteEndObject();
            WriteRates(
                json,
                view,
                view.Input.Previous?.Conntrack?.Statistics,
                statistics,
                ConntrackCounters.All.Select(static counter => (counter.JsonName, counter.Read)));
        }

        json.WriteEndObject();

        void WriteCounts(string name, IEnumerable<(string Name, long Count)> counts)
        {
            json.WriteStartObject(name);
            foreach (var (key, count) in counts)
            {
                json.WriteNumber(key, count);
            }

            json.WriteEndObject();
        }
    }

    private static void WriteRates<T>(
        Utf8JsonWriter json, ReportView view, T? before, T now, IEnumerable<(string Name, Func<T, ulong?> Read)> counters)
        where T : class
    {
        if (view.Window is not { } window || before is null)
        {
            return;
        }

        json.WriteStartObject("ratesPerSecond");
        foreach (var (name, read) in counters)
        {
            if (Rates.PerSecond(read(before), read(now), window) is { } rate)
            {
                json.WriteNumber(name, Math.Round(rate, 3));
            }
        }

        json.WriteEndObject();
    }

    private static void WriteTimeouts(Utf8JsonWriter json, ReportView view)
    {
        json.WriteStartObject("timeouts");
        if (view.Snapshot.HostSettings is { } host)
        {
            WriteValues("host", host.Timeouts);
        }

        WriteValues("recommended", RecommendedTimeouts.Of(view.Input.Thresholds));
        json.WriteStartArray("pods");
        foreach (var pod in view.Pods.Where(static pod => pod.Settings is not null))
        {
            json.WriteStartObject();
            WriteIdentity(json, pod.Identity);
            WriteValues("values", pod.Settings!.Timeouts);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();

        void WriteValues(string name, IEnumerable<KeyValuePair<string, long>> values)
        {
            json.WriteStartObject(name);
            foreach (var (key, value) in values)
            {
                json.WriteNumber(key, value);
            }

            json.WriteEndObject();
        }
    }

    private static void WriteUnattributed(Utf8JsonWriter json, Snapshot snapshot)
    {
        json.WriteStartObject("unattributed");
        json.WriteNumberIfKnown("halfClosedSockets", snapshot.UnattributedHalfClosedSockets);
        json.WriteNumberIfKnown(
            "halfClosedFlows", snapshot.UnattributedHalfClosedFlows is { } flows ? flows.FinWait + flows.CloseWait : null);
        json.WriteEndObject();
    }

    private static void WriteFindings(Utf8JsonWriter json, ReportView view)
    {
        json.WriteStartArray("findings");
        foreach (var finding in view.Diagnosis.Findings)
        {
            json.WriteStartObject();
            json.WriteString("id", finding.Id);
            json.WriteString("severity", Verdicts.Name(finding.Severity));
            json.WriteString("title", finding.Title);
            WriteSubject(json, finding);
            json.WriteStrings("evidence", FindingText.Evidence(finding));
            json.WriteString("why", finding.Why);
            json.WriteStrings("fix", finding.Fix.Select(FindingText.Fix));
            json.WriteString("reference", finding.Reference);
            json.WriteStringIfKnown("causedBy", finding.CausedBy);
            json.WriteStringIfKnown("firstSeen", finding.FirstSeen is { } first ? Time(first) : null);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteOver(Utf8JsonWriter json, ReportView view)
    {
        if (view.Diagnosis.Over.IsEmpty)
        {
            return;
        }

        json.WriteStartArray("over");
        foreach (var (finding, until) in view.Diagnosis.Over)
        {
            json.WriteStartObject();
            json.WriteString("id", finding.Id);
            json.WriteString("severity", Verdicts.Name(finding.Severity));
            json.WriteString("title", finding.Title);
            WriteSubject(json, finding);
            json.WriteStringIfKnown("firstSeen", finding.FirstSeen is { } first ? Time(first) : null);
            json.WriteString("until", Time(until));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteSubject(Utf8JsonWriter json, Finding finding)
    {
        json.WriteStartObject("subject");
        json.WriteString("kind", finding.Subject.KindName);
        json.WriteString("namespace", finding.Subject.Namespace);
        json.WriteString("name", finding.Subject.Name);
        json.WriteEndObject();
    }

    private static void WriteIdentity(Utf8JsonWriter json, PodIdentity identity)
    {
        json.WriteString("namespace", identity.Namespace);
        json.WriteString("name", identity.Name);
        json.WriteStringIfKnown("uid", identity.Kind == PodKind.Pod ? identity.Uid : "");
    }

    /// <summary><c>close_wait</c> as <c>closeWait</c>.</summary>
    private static string CamelCase(string snakeCase) => string.Concat(snakeCase.Split('_').Select(static (word, index) =>
        index == 0 || word.Length == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));

    private static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
