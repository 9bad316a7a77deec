using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Agent.Kubernetes;

/// <summary>What is to be said about a pod, as <c>kubectl describe pod</c> shows it.</summary>
/// <param name="Namespace">The pod's.</param>
/// <param name="Name">The pod's.</param>
/// <param name="Uid">The pod's: kubectl shows the events of this uid.</param>
/// <param name="FindingId">Id of the finding.</param>
/// <param name="Message">Title and fix in one line.</param>
internal sealed record PodEvent(string Namespace, string Name, string Uid, string FindingId, string Message)
{
    private const string Component = "closewatch";

    /// <summary>The API server refuses longer ones (k8s.io/kubernetes/pkg/apis/core/validation/events.go).</summary>
    private const int MaxMessageBytes = 1024;

    private const int MaxNameLength = 220;

    /// <summary><c>half-closed-untracked</c> becomes <c>HalfClosedUntracked</c>, as reasons are written.</summary>
    public string Reason => string.Concat(FindingId.Split('-').Select(static word => char.ToUpperInvariant(word[0]) + word[1..]));

    /// <summary>Where it is posted to; null when its namespace can be none.</summary>
    public string? Path => ApiPath.Of("api", "v1", "namespaces", Namespace, "events");

    /// <summary>An Event of core/v1 (kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1).</summary>
    /// <param name="nodeName">Who says it.</param>
    /// <param name="now">When.</param>
    public byte[] ToJson(string nodeName, DateTimeOffset now)
    {
        var time = now.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        var output = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteString("apiVersion", "v1");
        json.WriteString("kind", "Event");
        json.WriteStartObject("metadata");
        json.WriteString("name", EventName(now));
        json.WriteString("namespace", Namespace);
        json.WriteEndObject();
        json.WriteStartObject("involvedObject");
        json.WriteString("apiVersion", "v1");
        json.WriteString("kind", "Pod");
        json.WriteString("namespace", Namespace);
        json.WriteString("name", Name);
        json.WriteString("uid", Uid);
        json.WriteEndObject();
        json.WriteString("type", "Warning");
        json.WriteString("reason", Reason);
        json.WriteString("message", Shortened(Message));
        json.WriteStartObject("source");
        json.WriteString("component", Component);
        json.WriteString("host", nodeName);
        json.WriteEndObject();
        json.WriteString("reportingComponent", Component);
        json.WriteString("reportingInstance", nodeName);
        json.WriteString("firstTimestamp", time);
        json.WriteString("lastTimestamp", time);
        json.WriteNumber("count", 1);
        json.WriteEndObject();
        json.Flush();
        return output.WrittenSpan.ToArray();
    }

    private static string Shortened(string message)
    {
        if (Encoding.UTF8.GetByteCount(message) <= MaxMessageBytes)
        {
            return message;
        }

        const string Ellipsis = "...";
        Span<byte> bytes = stackalloc byte[MaxMessageBytes - Ellipsis.Length];
        Encoding.UTF8.GetEncoder().Convert(message, bytes, flush: false, out var used, out _, out _);
        return message[..used] + Ellipsis;
    }

    /// <summary>As client-go names them: the object's name, and what makes it another one.</summary>
    private string EventName(DateTimeOffset now)
    {
        var what = $"{Uid}/{FindingId}/{now.UtcTicks.ToString(CultureInfo.InvariantCulture)}";
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(what)).AsSpan(0, 8));
        return $"{(Name.Length > MaxNameLength ? Name[..MaxNameLength].TrimEnd('.', '-') : Name)}.{hash}";
    }
}
