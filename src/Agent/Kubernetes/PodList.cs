using System.Buffers;
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
    /// <summary>etcd refuses objects over 1.5 MiB; as JSON with managedFields one may be about twice as large.</summary>
    public const int MaxObjectBytes = 4 * 1024 * 1024;

    /// <summary>Far above what a node can run (110 by default); bounds what a confused server can make this program keep.</summary>
    public const int MaxPods = 4096;

    /// <summary>Reads a list item by item: memory is that of the largest pod and of what is kept of each.</summary>
    /// <exception cref="JsonException">This is no list of pods.</exception>
    /// <exception cref="EndOfStreamException">It ends before the list does.</exception>
    public static async Task<PodList> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var framer = JsonFramer.ForList(MaxObjectBytes);
        var pods = ImmutableDictionary.CreateBuilder<string, KubernetesPod>();
        var skipped = 0;
        var buffer = ArrayPool<byte>.Shared.Rent(32 * 1024);
        try
        {
            int count;
            while ((count = await stream.ReadAsync(buffer, cancellationToken)) > 0)
            {
                skipped += Take(framer, buffer.AsSpan(0, count), pods);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return framer.IsBetweenObjects
            ? new PodList(pods.ToImmutable(), ResourceVersionOf(framer.Envelope), skipped)
            : throw new EndOfStreamException("the list of pods ended in the middle");
    }

    private static int Take(JsonFramer framer, ReadOnlySpan<byte> input, ImmutableDictionary<string, KubernetesPod>.Builder pods)
    {
        var skipped = 0;
        while (true)
        {
            switch (framer.Read(ref input))
            {
                case JsonFrameResult.NeedsInput:
                    return skipped;
                case JsonFrameResult.Frame when pods.Count < MaxPods && TryParse(framer.Frame, out var pod):
                    pods[pod!.Uid] = pod;
                    break;
                default:
                    skipped++;
                    break;
            }
        }
    }

    private static bool TryParse(ReadOnlyMemory<byte> item, out KubernetesPod? pod)
    {
        try
        {
            using var document = OutsideJson.Parse(item);
            return PodParser.TryParse(document.RootElement, out pod);
        }
        catch (JsonException)
        {
            pod = null;
            return false;
        }
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
