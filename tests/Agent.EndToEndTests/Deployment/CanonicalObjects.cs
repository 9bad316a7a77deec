using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Agent.EndToEndTests.Deployment;

/// <summary>Objects of Kubernetes as text that is the same when they mean the same.</summary>
internal static class CanonicalObjects
{
    /// <summary>What Helm's own labels are called; nothing else may differ.</summary>
    private static readonly HashSet<string> s_helmLabels =
        ["app.kubernetes.io/instance", "app.kubernetes.io/version", "app.kubernetes.io/managed-by", "helm.sh/chart"];

    private static readonly JsonSerializerOptions s_pretty = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>By kind and name.</summary>
    public static SortedDictionary<string, string> Of(IEnumerable<JsonElement> objects)
    {
        var texts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var one in objects)
        {
            texts.Add($"{one.GetProperty("kind").GetString()}/{one.At("metadata", "name").GetString()}", Canonical(one)!.ToJsonString(s_pretty));
        }

        return texts;
    }

    private static JsonNode? Canonical(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => new JsonObject(element.EnumerateObject()
            .Where(static member => !s_helmLabels.Contains(member.Name))
            .OrderBy(static member => member.Name, StringComparer.Ordinal)
            .Select(static member => KeyValuePair.Create(member.Name, Canonical(member)))),
        JsonValueKind.Array => new JsonArray([.. element.EnumerateArray().Select(Canonical)]),
        _ => JsonNode.Parse(element.GetRawText()),
    };

    private static JsonNode? Canonical(JsonProperty member)
    {
        if (member.Name is "volumes" or "volumeMounts")
        {
            // Their order means nothing, and a patch puts its own first.
            return new JsonArray([.. member.Value.EnumerateArray().OrderBy(static one => one.GetProperty("name").GetString(), StringComparer.Ordinal).Select(Canonical)]);
        }

        if (!member.Name.EndsWith(".json", StringComparison.Ordinal))
        {
            return Canonical(member.Value);
        }

        // A file in a ConfigMap.
        using var file = JsonDocument.Parse(member.Value.GetString()!);
        return Canonical(file.RootElement);
    }
}
