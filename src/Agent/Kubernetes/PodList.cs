using System.Collections.Immutable;
using System.Text.Json;
using Agent.Core.Model;
using Agent.Outside;

namespace Agent.Kubernetes;

/// <summary>A PodList as the API server (or a kubelet) sends it.</summary>
/// <param name="Pods">By uid.</param>
/// <param name="ResourceVersion">Where a watch goes on from; empty in a kubelet's list.</param>
/// <param name="Skipped">Items that were too large or no pods.</param>
internal sealed record PodList(ImmutableDictionary<string, KubernetesPod> Pods, string ResourceVersion, int Skipped)
{
    /// <summary>Far above what a node can run (110 by default); bounds what a confused server can make this program keep.</summary>
    public const int MaxPods = 4096;

    /// <summary>Reads a list item by item: memory is that of the largest pod and of what is kept of each.</summary>
    /// <exception cref="JsonException">This is no list of pods.</exception>
    /// <exception cref="EndOfStreamException">It ends before the list does.</exception>
    public static async Task<PodList> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var pods = ImmutableDictionary.CreateBuilder<string, KubernetesPod>();
        var (envelope, skipped) = await ObjectList.ReadAsync(stream, "pods", item => Take(item, pods), cancellationToken);
        return new PodList(pods.ToImmutable(), ResourceVersionOf(envelope), skipped);
    }

    private static bool Take(JsonElement item, ImmutableDictionary<string, KubernetesPod>.Builder pods)
    {
        if (pods.Count >= MaxPods || !PodParser.TryParse(item, out var pod))
        {
            return false;
        }

        pods[pod!.Uid] = pod;
        return true;
    }

    private static string ResourceVersionOf(ReadOnlyMemory<byte> envelope)
    {
        using var document = OutsideJson.Parse(envelope);
        var list = document.RootElement;
        return list.Text("kind") is "PodList" or "List" && list.Child("items").ValueKind is (JsonValueKind.Array or JsonValueKind.Null)
            ? list.Child("metadata").Text("resourceVersion") ?? ""
            : throw new JsonException($"a list of pods was expected, not \"{list.Text("kind")}\"");
    }
}
