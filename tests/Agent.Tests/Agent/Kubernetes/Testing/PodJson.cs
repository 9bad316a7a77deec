using System.Text.Json.Nodes;

namespace Agent.Tests.Kubernetes.Testing;

/// <summary>Pods, lists and watch frames as an API server of today writes them.</summary>
internal static class PodJson
{
    public static JsonObject Pod(string name, string uid, string version = "1", string phase = "Running", string @namespace = "default") => new()
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["namespace"] = @namespace,
            ["uid"] = uid,
            ["resourceVersion"] = version,
            ["labels"] = new JsonObject { ["app"] = "{[\"web\\\"]}", ["emoji"] = "été 🐧" },
        },
        ["spec"] = new JsonObject { ["containers"] = new JsonArray(new JsonObject { ["name"] = "main" }) },
        ["status"] = new JsonObject { ["phase"] = phase, ["podIP"] = "10.244.0.7" },
    };

    public static string List(string version, params IEnumerable<JsonObject> pods) =>
        new JsonObject
        {
            ["kind"] = "PodList",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject { ["resourceVersion"] = version },
            ["items"] = new JsonArray([.. pods]),
        }.ToJsonString();

    public static string Event(string type, JsonObject content) =>
        new JsonObject { ["type"] = type, ["object"] = content }.ToJsonString() + "\n";

    public static string Bookmark(string version) =>
        $$$"""{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"{{{version}}}","creationTimestamp":null},"spec":{"containers":null},"status":{} } }""" + "\n";

    public static string Error(int code, string reason) =>
        $$$"""{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version: 1 (3473)","reason":"{{{reason}}}","code":{{{code}}} } }""" + "\n";

    public static string Status(int code, string reason, string message) =>
        $$"""{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"{{message}}","reason":"{{reason}}","code":{{code}}}""";
}
