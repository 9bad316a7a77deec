using System.Text.Json;
using Agent.Core.Model;
using Agent.Outside;

namespace Agent.Kubernetes;

internal enum WatchEventKind
{
    /// <summary>ADDED or MODIFIED: the pod is as <see cref="WatchEvent.Pod"/> says.</summary>
    Changed,

    /// <summary>DELETED.</summary>
    Deleted,

    /// <summary>BOOKMARK: nothing but a newer resourceVersion.</summary>
    Bookmark,

    /// <summary>ERROR: <see cref="WatchEvent.Failure"/> says which; the watch is over.</summary>
    Error,

    /// <summary>A type that is not known, or an object that is no pod.</summary>
    Unknown,
}

/// <summary>One frame of a watch.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Pod">The pod; null for a bookmark or an error.</param>
/// <param name="ResourceVersion">Where a new watch goes on from; empty when it does not say.</param>
/// <param name="Failure">The error; null otherwise.</param>
internal readonly record struct WatchEvent(WatchEventKind Kind, KubernetesPod? Pod, string ResourceVersion, ApiServerException? Failure)
{
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static WatchEvent Parse(ReadOnlyMemory<byte> frame)
    {
        using var document = OutsideJson.Parse(frame);
        var content = document.RootElement.Child("object");
        var version = content.Child("metadata").Text("resourceVersion") ?? "";
        return document.RootElement.Text("type") switch
        {
            "ADDED" or "MODIFIED" => OfPod(WatchEventKind.Changed, content, version),
            "DELETED" => OfPod(WatchEventKind.Deleted, content, version),
            "BOOKMARK" => new(WatchEventKind.Bookmark, null, version, null),
            "ERROR" =>
                new(WatchEventKind.Error, null, "", ApiServerStatus.Parse(content).ToException("the watch of pods", retryAfter: null)),
            _ => new(WatchEventKind.Unknown, null, version, null),
        };
    }

    private static WatchEvent OfPod(WatchEventKind kind, JsonElement content, string version) =>
        PodParser.TryParse(content, out var pod) ? new(kind, pod, version, null) : new(WatchEventKind.Unknown, null, version, null);
}
